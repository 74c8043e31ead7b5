package reconcile_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"

	"xivosync/reconcile"
)

func ranges(text string) []reconcile.Range {
	r, err := reconcile.ParseRanges(text)
	if err != nil {
		panic(err)
	}
	return r
}

func block(text string) *reconcile.DIDBlock {
	b, err := reconcile.ParseBlock(text, "FR")
	if err != nil {
		panic(err)
	}
	return b
}

// country is a company with sites of every kind.
var country = reconcile.Numbering{Region: "FR", Sites: []reconcile.Site{
	{
		Name: "lyon", Context: "default", Extensions: ranges("1000-1999"), Pool: ranges("1500-1999"),
		DIDContext: "from-extern", Block: block("+33 4 72 10 10 00-99"), DIDLength: 10,
	},
	{ // four digits are delivered, and internal numbers begin with zeros
		Name: "paris", Context: "paris", Extensions: ranges("0000-0999"),
		DIDContext: "from-paris", Block: block("01 40 00 00 00-99"), DIDLength: 4, LDAP: reconcile.FormatNational,
	},
	{ // without the trunk prefix; a prefix of the site's own
		Name: "nantes", Context: "default", Extensions: ranges("72000-72999"), Prefix: "72",
		DIDContext: "from-extern", Block: block("+33 2 40 12 30 00-39 99"), DIDLength: 9,
	},
	{ // another country
		Name: "bruxelles", Context: "bxl", Extensions: ranges("2000-2999"),
		DIDContext: "from-bxl", Block: block("+32 2 555 20 00-99"), DIDFormat: reconcile.FormatE164, LDAP: reconcile.FormatE164,
	},
	{Name: "atelier", Context: "atelier"}, // no ranges, no calls from outside
}}

func site(name string) *reconcile.Site { return country.Site(name) }

func TestTheSitesOfTheseTestsAreRight(t *testing.T) {
	for _, s := range country.Sites[:4] {
		if err := s.Check(); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}

func TestRanges(t *testing.T) {
	for name, tc := range map[string]struct{ text, want, err string }{
		"nothing":              {"", "", ""},
		"one":                  {"1000-1999", "[1000-1999]", ""},
		"several":              {"1000-1999, 2500-2599", "[1000-1999 2500-2599]", ""},
		"with blanks":          {" 1000 - 1999 ,7 ", "[1000-1999 7]", ""},
		"with a dash":          {"1000–1999", "[1000-1999]", ""},
		"leading zeros":        {"0000-0999", "[0000-0999]", ""},
		"letters":              {"1000-1x99", "", "is no range"},
		"no end":               {"1000-", "", "is no range"},
		"a plus":               {"+1000-1999", "", "is no range"},
		"an empty part":        {"1000-1999,", "", "is no range"},
		"two lengths":          {"100-1999", "", "same length"},
		"backwards":            {"1999-1000", "", "comes after"},
		"overlapping":          {"1000-1999,1999-2999", "", "overlap"},
		"too long":             {"1000000000000000000-1999999999999999999", "", "more than 18"},
		"digits of elsewhere":  {"١٠٠٠-١٩٩٩", "", "is no range"},
		"different lengths ok": {"10-99, 100-999", "[10-99 100-999]", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := reconcile.ParseRanges(tc.text)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("got %v, want %q in the error", err, tc.err)
				}
				return
			}
			if err != nil || tc.want != "" && fmt.Sprint(got) != tc.want || tc.want == "" && got != nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestARangeCountsLeadingZeros(t *testing.T) {
	r := ranges("0010-0099")[0]
	for number, want := range map[string]bool{"0010": true, "0099": true, "0009": false, "0100": false, "10": false, "00010": false, "": false, "00x0": false} {
		if got := r.Contains(number); got != want {
			t.Errorf("%q: %v", number, got)
		}
	}
	if r.Size() != 90 {
		t.Errorf("it has %d numbers", r.Size())
	}
}

func TestARangeMayLieInSeveral(t *testing.T) {
	for text, want := range map[string]bool{
		"1000-1999": true, "1400-1600": true, "0999-1000": false, "1900-2000": false, "2100-2199": true, "100-199": false,
	} {
		if got := ranges(text)[0].CoveredBy(ranges("1500-1999,1000-1499,2100-2199")); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if ranges("9990-9999")[0].CoveredBy(ranges("9990-9998")) {
		t.Error("the last number of all is forgotten")
	}
}

func TestBlocks(t *testing.T) {
	for name, tc := range map[string]struct{ text, first, last, err string }{
		"international":        {"+33 4 72 10 10 00-99", "+33472101000", "+33472101099", ""},
		"national":             {"04 72 10 10 00-99", "+33472101000", "+33472101099", ""},
		"with dots":            {"04.72.10.10.00-99", "+33472101000", "+33472101099", ""},
		"with dashes":          {"04-72-10-10-00-99", "+33472101000", "+33472101099", ""},
		"with another dash":    {"04 72 10 10 00 – 99", "+33472101000", "+33472101099", ""},
		"the zero in brackets": {"+33 (0)4 72 10 10 00-99", "+33472101000", "+33472101099", ""},
		"longer end":           {"+33 4 72 10 10 00-19 99", "+33472101000", "+33472101999", ""},
		"both in full":         {"04 72 10 10 00-04 72 10 10 99", "+33472101000", "+33472101099", ""},
		"both with plus":       {"+33 4 72 10 10 00-+33 4 72 10 10 99", "+33472101000", "+33472101099", ""},
		"one number":           {"04 72 10 10 23-23", "+33472101023", "+33472101023", ""},
		"another country":      {"+32 2 555 20 00-99", "+3225552000", "+3225552099", ""},
		"no end":               {"+33 4 72 10 10 00", "", "", "is no block"},
		"an empty end":         {"+33 4 72 10 10 00-", "", "", "is no block"},
		"backwards":            {"+33 4 72 10 10 99-00", "", "", "comes after"},
		"invalid":              {"+33 4 72 10 10-99", "", "", "is no phone number"},
		"an end too long":      {"04 72 10 10 00-99 99 99 99 99 99", "", "", "is no block"},
		"letters":              {"+33 4 72 10 10 xx-yy", "", "", "is no block"},
		"other country's end":  {"+33 4 72 10 10 00-+32 2 555 20 99", "", "", "same length"},
		"extensions":           {"1000-1999", "", "", "is no phone number"},
		"nothing":              {"", "", "", "is no block"},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := reconcile.ParseBlock(tc.text, "FR")
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("got %v, want %q in the error", err, tc.err)
				}
				return
			}
			if err != nil || b.First != tc.first || b.Last != tc.last {
				t.Fatalf("got %+v, %v", b, err)
			}
			if again, err := reconcile.ParseBlock(b.String(), ""); err != nil || *again != *b {
				t.Errorf("%s reads back as %v, %v", b, again, err)
			}
		})
	}
}

// reading is what a value of the directory becomes; a leading ! means an error
// that contains the text.
type reading struct{ site, text, extension, did, voicemail string }

func TestWhatTheDirectoryWritesIsRead(t *testing.T) {
	for name, tc := range map[string]reading{
		"an internal number":                   {"lyon", "1023", "1023@default", "0472101023@from-extern", "1023@default"},
		"with a blank":                         {"lyon", "10 23", "1023@default", "0472101023@from-extern", "1023@default"},
		"outside the block":                    {"lyon", "1523", "1523@default", "!no public number derives", "1523@default"},
		"outside the ranges":                   {"lyon", "2023", "!none of the numbers of site lyon (1000-1999", "!none of the numbers", "2023@default"},
		"with a zero too many":                 {"lyon", "01023", "!none of the numbers", "!none of the numbers", "01023@default"},
		"a feature code":                       {"lyon", "*98", "!none of the numbers", "!none of the numbers", "!none of the numbers"},
		"a code with a number":                 {"lyon", "*21#0472101023", "!none of the numbers", "!none of the numbers", "!none of the numbers"},
		"five digits that France would parse":  {"lyon", "12045", "!none of the numbers", "!none of the numbers", "12045@default"},
		"a public number of the block":         {"lyon", "04 72 10 10 23", "1023@default", "0472101023@from-extern", "1023@default"},
		"the block's first number":             {"lyon", "+33472101000", "1000@default", "0472101000@from-extern", "1000@default"},
		"the block's last number":              {"lyon", "+33472101099", "1099@default", "0472101099@from-extern", "1099@default"},
		"just after the block":                 {"lyon", "+33472101100", "!none of the numbers", "0472101100@from-extern", "!none of the numbers"},
		"of another country":                   {"lyon", "+44 20 7946 0958", "!none of the numbers", "!does not deliver it", "!none of the numbers"},
		"of another site":                      {"lyon", "+33 1 40 00 00 12", "!none of the numbers", "!in the block of site paris", "!none of the numbers"},
		"a country code without a plus":        {"lyon", "33472101023", "1023@default", "0472101023@from-extern", "1023@default"},
		"not valid":                            {"lyon", "+33 4 72 10 10", "!no phone number", "!no phone number", "!no phone number"},
		"too many digits":                      {"lyon", "04 72 10 10 23 / 24", "!no phone number", "!no phone number", "!no phone number"},
		"letters":                              {"lyon", "s1023", "!no phone number", "!no phone number", "!no phone number"},
		"a SIP address":                        {"lyon", "1023@default", "!no phone number", "!no phone number", "!no phone number"},
		"an extension behind a number":         {"lyon", "+33472101023 ext 24", "!no phone number", "!no phone number", "!no phone number"},
		"a pattern":                            {"lyon", "_10XX", "!no phone number", "!no phone number", "!no phone number"},
		"nothing":                              {"lyon", "", "!no phone number", "!no phone number", "!no phone number"},
		"blanks":                               {"lyon", " \t", "!no phone number", "!no phone number", "!no phone number"},
		"a NUL":                                {"lyon", "10\x0023", "!no phone number", "!no phone number", "!no phone number"},
		"no UTF-8":                             {"lyon", "10\xff23", "!no phone number", "!no phone number", "!no phone number"},
		"digits of another script":             {"lyon", "١٠٢٣", "!no phone number", "!no phone number", "!no phone number"},
		"a negative number":                    {"lyon", "-1023", "1023@default", "0472101023@from-extern", "1023@default"},
		"a plus before an internal number":     {"lyon", "+1023", "!no phone number", "!no phone number", "!no phone number"},
		"endless":                              {"lyon", strings.Repeat("9", 5000), "!no phone number", "!no phone number", "!no phone number"},
		"leading zeros":                        {"paris", "0012", "0012@paris", "0012@from-paris", "0012@paris"},
		"leading zeros from the public number": {"paris", "01 40 00 00 12", "0012@paris", "0012@from-paris", "0012@paris"},
		"without its zeros":                    {"paris", "12", "!none of the numbers", "!none of the numbers", "12@paris"},
		"four digits of a number elsewhere":    {"paris", "01 41 00 00 12", "!none of the numbers", "!do not lead back", "!none of the numbers"},
		"with the site's prefix":               {"nantes", "02 40 12 34 56", "72456@default", "240123456@from-extern", "72456@default"},
		"internal, with the site's prefix":     {"nantes", "72456", "72456@default", "240123456@from-extern", "72456@default"},
		"nine digits are a number in France":   {"nantes", "240123456", "72456@default", "240123456@from-extern", "72456@default"},
		"Belgian, written nationally":          {"bruxelles", "02 555 20 12", "2012@bxl", "3225552012@from-bxl", "2012@bxl"},
		"Belgian, in full":                     {"bruxelles", "+32 2 555 20 12", "2012@bxl", "3225552012@from-bxl", "2012@bxl"},
		"French, at a site that takes E.164":   {"bruxelles", "+33 6 12 34 56 78", "!none of the numbers", "33612345678@from-bxl", "!none of the numbers"},
		"a site without ranges":                {"atelier", "42", "42@atelier", "!has no did_context", "42@atelier"},
		"a public number there":                {"atelier", "04 72 10 10 23", "!no number of site atelier", "!has no did_context", "!no number of site atelier"},
		"no site":                              {"", "1023", "!no site is known", "!no site is known", "!no site is known"},
	} {
		t.Run(name, func(t *testing.T) {
			s := site(tc.site)
			expect(t, "extension", tc.extension)(country.ExtensionOf(tc.text, s))
			expect(t, "did", tc.did)(country.DIDOf(tc.text, s))
			expect(t, "voicemail", tc.voicemail)(country.VoicemailOf(tc.text, s))
		})
	}
}

func expect(t *testing.T, field, want string) func(string, error) {
	return func(got string, err error) {
		t.Helper()
		refusal, refused := strings.CutPrefix(want, "!")
		switch {
		case refused && (err == nil || !strings.Contains(err.Error(), refusal)):
			t.Errorf("%s: got %q, %v; want the error %q", field, got, err, refusal)
		case refused && !numberOrRange(err):
			t.Errorf("%s: %T is neither a NumberError nor a RangeError", field, err)
		case !refused && (err != nil || got != want):
			t.Errorf("%s: got %q, %v; want %q", field, got, err, want)
		}
	}
}

func numberOrRange(err error) bool {
	var number *reconcile.NumberError
	var outside *reconcile.RangeError
	return errors.As(err, &number) || errors.As(err, &outside)
}

func TestTenSpellingsOfOneFrenchNumber(t *testing.T) {
	for _, text := range []string{
		"0472101023", "04 72 10 10 23", "04.72.10.10.23", "04-72-10-10-23", "04/72/10/10/23",
		"+33472101023", "+33 4 72 10 10 23", "+33 (0)4 72 10 10 23", "0033472101023", "0033 (0)4 72 10 10 23",
		"04\u00a072\u202f10\u00a010\u202f23", "(04) 72 10 10 23",
	} {
		expect(t, text, "0472101023@from-extern")(country.DIDOf(text, site("lyon")))
		expect(t, text, "1023@default")(country.ExtensionOf(text, site("lyon")))
	}
}

func TestTheOperatorsLength(t *testing.T) {
	for name, tc := range map[string]struct {
		length int
		format reconcile.NumberFormat
		want   string
	}{
		"all":                     {0, "", "0472101023@from-extern"},
		"ten":                     {10, "", "0472101023@from-extern"},
		"nine":                    {9, "", "472101023@from-extern"},
		"four":                    {4, "", "1023@from-extern"},
		"two":                     {2, "", "23@from-extern"},
		"one does not tell":       {1, "", "!do not lead back"},
		"eleven are too many":     {11, "", "!does not deliver it"},
		"with the country code":   {0, reconcile.FormatE164, "33472101023@from-extern"},
		"eleven of those":         {11, reconcile.FormatE164, "33472101023@from-extern"},
		"nine of those":           {9, reconcile.FormatE164, "472101023@from-extern"},
		"national, said in words": {0, reconcile.FormatNational, "0472101023@from-extern"},
	} {
		t.Run(name, func(t *testing.T) {
			s := *site("lyon")
			s.DIDLength, s.DIDFormat = tc.length, tc.format
			n := reconcile.Numbering{Region: "FR", Sites: []reconcile.Site{s}}
			raw, err := n.DIDOf("+33 4 72 10 10 23", &s)
			expect(t, "did", tc.want)(raw, err)
			if err != nil {
				return
			}
			expect(t, "back", "+33 4 72 10 10 23")(n.Written("did", raw, &s, ""))
		})
	}
}

func TestDigitsThatLookLikeAnotherCountry(t *testing.T) {
	s := reconcile.Site{Name: "s", Context: "default", DIDContext: "from-extern", DIDFormat: reconcile.FormatE164, DIDLength: 9}
	n := reconcile.Numbering{Region: "FR"}
	// +47 21 01 02 3 would be Norway.
	expect(t, "did", "+33 4 72 10 10 23")(n.Written("did", "472101023@from-extern", &s, ""))
}

func TestWhatXiVOHoldsIsWritten(t *testing.T) {
	const none = reconcile.NumberFormat("")
	for name, tc := range map[string]struct {
		field, raw, site string
		as               reconcile.NumberFormat
		want             string
	}{
		"an extension":                      {"extension", "1023@default", "lyon", none, "1023"},
		"an extension as a national number": {"extension", "1023@default", "lyon", reconcile.FormatNational, "04 72 10 10 23"},
		"as an international one":           {"extension", "1023@default", "lyon", reconcile.FormatInternational, "+33 4 72 10 10 23"},
		"as E.164":                          {"extension", "1023@default", "lyon", reconcile.FormatE164, "+33472101023"},
		"outside the block":                 {"extension", "1523@default", "lyon", reconcile.FormatE164, "!no public number derives"},
		"of another context":                {"extension", "1023@other", "lyon", none, `!the site's context is "default"`},
		"outside the ranges":                {"extension", "5001@default", "lyon", none, "!would not read back"},
		"parked":                            {"extension", "_#1023@default", "lyon", none, "!no phone number"},
		"without a context":                 {"extension", "1023", "lyon", none, "!no phone number"},
		"a format that is none":             {"extension", "1023@default", "lyon", "roman", "!no phone number"},
		"a mailbox":                         {"voicemail", "5001@default", "lyon", none, "5001"},
		"a mailbox, publicly":               {"voicemail", "1023@default", "lyon", reconcile.FormatE164, "+33472101023"},
		"a long mailbox":                    {"voicemail", "123456789012@default", "lyon", none, "!would not read back"},
		"a DID":                             {"did", "0472101023@from-extern", "lyon", none, "+33 4 72 10 10 23"},
		"a DID inside":                      {"did", "0472101023@from-extern", "lyon", reconcile.FormatInternal, "1023"},
		"a DID nationally":                  {"did", "0472101023@from-extern", "lyon", reconcile.FormatNational, "04 72 10 10 23"},
		"a DID outside the block":           {"did", "0612345678@from-extern", "lyon", none, "+33 6 12 34 56 78"},
		"that one inside":                   {"did", "0612345678@from-extern", "lyon", reconcile.FormatInternal, "!no internal number derives"},
		"a DID that nobody can dial":        {"did", "1023@from-extern", "lyon", none, "!no public number is known"},
		"as the site writes them":           {"did", "0012@from-paris", "paris", none, "01 40 00 00 12"},
		"four digits outside the block":     {"did", "0112@from-paris", "paris", none, "!no public number is known"},
		"nine digits":                       {"did", "240123456@from-extern", "nantes", none, "+33 2 40 12 34 56"},
		"Belgian":                           {"did", "3225552012@from-bxl", "bruxelles", none, "+3225552012"},
		"Belgian, nationally":               {"did", "3225552012@from-bxl", "bruxelles", reconcile.FormatNational, "02 555 20 12"},
		"no site":                           {"did", "0472101023@from-extern", "", none, "!no site is known"},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, tc.field, tc.want)(country.Written(tc.field, tc.raw, site(tc.site), tc.as))
		})
	}
	if _, err := country.Written("email", "1023@default", site("lyon"), none); err == nil {
		t.Error("an e-mail is written as a number")
	}
}

func TestTheSiteOfANumber(t *testing.T) {
	for text, want := range map[string]string{
		"1023": "lyon", "+33 4 72 10 10 23": "lyon", "04 72 10 10 23": "lyon", "72001": "nantes", "0012": "paris", "2012": "bruxelles",
		"+32 2 555 20 12": "bruxelles", "02 40 12 30 00": "nantes", "9999": "", "": "", "*98": "", "+33 6 12 34 56 78": "",
	} {
		got := ""
		if s := country.SiteOfNumber(text); s != nil {
			got = s.Name
		}
		if got != want {
			t.Errorf("%q is of site %q, want %q", text, got, want)
		}
	}
	twice := reconcile.Numbering{Region: "FR", Sites: []reconcile.Site{
		{Name: "a", Context: "a", Extensions: ranges("1000-1999")}, {Name: "b", Context: "b", Extensions: ranges("1000-1099")},
	}}
	if s := twice.SiteOfNumber("1023"); s != nil {
		t.Errorf("a number of two sites is of %s", s.Name)
	}
	if got := len(twice.SitesOfNumber("1023")); got != 2 {
		t.Errorf("it has %d sites", got)
	}
}

func TestReadingANumber(t *testing.T) {
	for name, tc := range map[string]struct{ text, site, readAs, sites, message string }{
		"public":             {"04 72 10 10 23", "", "public", "[lyon]", ""},
		"internal":           {"1023", "", "internal", "[lyon]", ""},
		"a code":             {"*98", "", "code", "[]", "belongs to no site"},
		"nothing":            {"", "", "none", "[]", "is no phone number"},
		"of XiVO":            {"1023@default", "", "xivo", "[lyon nantes]", "several sites"},
		"another country":    {"+32 2 555 20 12", "", "public", "[bruxelles]", ""},
		"at a site by name":  {"02 555 20 12", "bruxelles", "public", "[bruxelles]", ""},
		"of no site's block": {"06 12 34 56 78", "", "public", "[]", "belongs to no site"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := reconcile.Settings{Numbering: country}
			r, err := settings.ReadNumber(tc.text, tc.site)
			if err != nil {
				t.Fatal(err)
			}
			names := []string{}
			for _, s := range r.Sites {
				names = append(names, s.Site)
			}
			if got := fmt.Sprint(names); r.ReadAs != tc.readAs || got != tc.sites || !strings.Contains(r.Message, tc.message) || (tc.message == "") != (r.Message == "") {
				t.Errorf("got %s at %s: %q", r.ReadAs, got, r.Message)
			}
		})
	}
	none := reconcile.Settings{Numbering: reconcile.Numbering{Region: "FR"}}
	if r, _ := none.ReadNumber("1023", ""); !strings.Contains(r.Message, "no [[numbering.site]]") {
		t.Errorf("got %q", r.Message)
	}
}

func TestASiteIsChecked(t *testing.T) {
	for name, tc := range map[string]struct {
		edit      func(*reconcile.Site)
		key, want string
	}{
		"a pool outside":            {func(s *reconcile.Site) { s.Pool = ranges("1500-2000") }, "pool", "1500-2000 lies outside extensions (1000-1999)"},
		"a block larger than room":  {func(s *reconcile.Site) { s.Block = block("+33 4 72 10 00 00-99 99") }, "did_block", "its size does not match: it would derive 0000-9999"},
		"a block that is elsewhere": {func(s *reconcile.Site) { s.Block = block("+33 4 72 10 20 00-99") }, "did_block", "it would derive 2000-2099, and extensions is 1000-1999"},
		"a block without ranges":    {func(s *reconcile.Site) { s.Extensions, s.Pool = nil, nil }, "did_block", "needs extensions"},
		"room twice":                {func(s *reconcile.Site) { s.Extensions = ranges("1000-1999,000-099") }, "did_block", "several lengths"},
		"a prefix that is too long": {func(s *reconcile.Site) { s.Prefix = "1010" }, "did_block", "no numbers that end in its digits"},
		"nowhere to be called":      {func(s *reconcile.Site) { s.DIDContext = "" }, "did_context", "is missing"},
		"too few digits":            {func(s *reconcile.Site) { s.DIDLength = 1 }, "did_length", "do not tell the numbers"},
		"too many digits":           {func(s *reconcile.Site) { s.DIDLength = 11 }, "did_length", "do not have 11 digits"},
		"too few without a block":   {func(s *reconcile.Site) { s.Block, s.DIDLength = nil, 4 }, "did_length", "alone do not tell a number"},
		"one context for both":      {func(s *reconcile.Site) { s.DIDContext = s.Context }, "did_context", "one of their own"},
	} {
		t.Run(name, func(t *testing.T) {
			s := *site("lyon")
			tc.edit(&s)
			err := s.Check()
			var at *reconcile.KeyError
			if !errors.As(err, &at) || at.Key != tc.key || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s: %s", err, tc.key, tc.want)
			}
		})
	}
}

// TestEveryCountry leads an example number of each country to XiVO and back, as
// it is delivered nationally and in full: it comes back, or it is refused.
func TestEveryCountry(t *testing.T) {
	for region := range phonenumbers.GetSupportedRegions() {
		for _, kind := range []phonenumbers.PhoneNumberType{phonenumbers.FIXED_LINE, phonenumbers.MOBILE} {
			example := phonenumbers.GetExampleNumberForType(region, kind)
			if example == nil {
				continue
			}
			want := phonenumbers.Format(example, phonenumbers.E164)
			n := reconcile.Numbering{Region: region}
			for _, form := range []reconcile.NumberFormat{reconcile.FormatNational, reconcile.FormatE164} {
				s := &reconcile.Site{Name: region, DIDContext: "in", DIDFormat: form}
				raw, err := n.DIDOf(want, s)
				if err != nil {
					if form == reconcile.FormatE164 || !numberOrRange(err) {
						t.Errorf("%s %s: %v", region, form, err)
					} else {
						t.Logf("refused: %v", err)
					}
					continue
				}
				for _, as := range formats[2:] {
					text, err := n.Written("did", raw, s, as)
					if err != nil {
						t.Logf("%s in %s is refused: %v", raw, as, err)
						continue
					}
					expect(t, region+" "+text, raw)(n.DIDOf(text, s))
				}
				expect(t, region+" "+raw, want)(n.Written("did", raw, s, reconcile.FormatE164))
			}
		}
	}
}

var formats = []reconcile.NumberFormat{
	"", reconcile.FormatInternal, reconcile.FormatNational, reconcile.FormatInternational, reconcile.FormatE164,
}

// TestEveryNumberOfABlockIsAnExtension checks the way from public to internal
// numbers and back, in every format, for each number of each block.
func TestEveryNumberOfABlockIsAnExtension(t *testing.T) {
	for i := range country.Sites {
		s := &country.Sites[i]
		if s.Block == nil {
			continue
		}
		seen := map[string]string{}
		delivered, _ := s.Delivered()
		for public := s.Block.First; ; public = after(public) {
			extension, err := country.ExtensionOf(public, s)
			if err != nil {
				t.Fatalf("%s: %v", public, err)
			}
			if other := seen[extension]; other != "" {
				t.Fatalf("%s is the extension of %s and of %s", extension, other, public)
			}
			seen[extension] = public
			did, err := country.DIDOf(public, s)
			number, _, _ := strings.Cut(did, "@")
			if err != nil || !delivered.Contains(number) {
				t.Fatalf("%s: %s, %v", public, did, err)
			}
			internal, _, _ := strings.Cut(extension, "@")
			expect(t, internal, did)(country.DIDOf(internal, s))
			expect(t, public, public)(country.Written("did", did, s, reconcile.FormatE164))
			expect(t, extension, public)(country.Written("extension", extension, s, reconcile.FormatE164))
			if public == s.Block.Last {
				break
			}
		}
		if n := delivered.Size(); len(seen) != n {
			t.Errorf("%s: %d extensions for %d numbers", s.Name, len(seen), n)
		}
	}
}

func after(public string) string {
	return fmt.Sprintf("+%d", 1+number(public))
}

func number(public string) (n int) {
	for _, r := range strings.TrimPrefix(public, "+") {
		n = n*10 + int(r-'0')
	}
	return n
}

var readers = map[string]func(reconcile.Numbering, string, *reconcile.Site) (string, error){
	"extension": reconcile.Numbering.ExtensionOf,
	"voicemail": reconcile.Numbering.VoicemailOf,
	"did":       reconcile.Numbering.DIDOf,
}

// lossless checks one text everywhere: what is read is written, and reads back
// as the same, or it is refused with the right kind of error.
func lossless(t interface {
	Helper()
	Errorf(string, ...any)
}, text string,
) {
	t.Helper()
	for i := range country.Sites {
		s := &country.Sites[i]
		for field, read := range readers {
			raw, err := read(country, text, s)
			if err != nil {
				if !numberOrRange(err) {
					t.Errorf("%s of %q at %s: %T", field, text, s.Name, err)
				}
				continue
			}
			written := 0
			for _, as := range formats {
				out, err := country.Written(field, raw, s, as)
				if err != nil {
					continue
				}
				written++
				if again, err := read(country, out, s); err != nil || again != raw {
					t.Errorf("%s of %q at %s: %s is written %q in %s, which reads %q, %v", field, text, s.Name, raw, out, as, again, err)
				}
			}
			if written < 2 { // no format, which is one of the others
				t.Errorf("%s of %q at %s: %s cannot be written", field, text, s.Name, raw)
			}
		}
	}
}

func TestNumbersTravelWithoutLoss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lossless(t, rapid.OneOf(
			rapid.StringMatching(`[0-9]{1,6}`),
			rapid.StringMatching(`(\+33|0033|0)[1-9]([ .-]?[0-9]{2}){4}`),
			rapid.StringMatching(`(\+33 ?|0)(472101|140000|24012)[0-9]{3,5}`),
			rapid.StringMatching(`\+[1-9][0-9]{6,13}`),
			rapid.StringMatching(`[*#+0-9]{1,20}`),
			rapid.String(),
		).Draw(t, "text"))
	})
}

func FuzzSiteNumbers(f *testing.F) {
	for _, seed := range []string{"1023", "0012", "72456", "+33472101023", "04 72 10 10 23", "+32 2 555 20 12", "*98", "s1023", "+390612345678", "01152345678901"} {
		f.Add(seed)
	}
	settings := reconcile.Settings{Numbering: country}
	f.Fuzz(func(t *testing.T, text string) {
		lossless(t, text)
		if _, err := settings.ReadNumber(text, ""); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func FuzzWritten(f *testing.F) {
	for _, seed := range []string{"1023@default", "0472101023@from-extern", "0012@from-paris", "_#1023@default", "@", "1@@"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for i := range country.Sites {
			s := &country.Sites[i]
			for field, read := range readers {
				for _, as := range formats {
					text, err := country.Written(field, raw, s, as)
					if again, e := read(country, text, s); err == nil && (e != nil || again != raw) {
						t.Errorf("%s %q at %s in %s is written %q, which reads %q, %v", field, raw, s.Name, as, text, again, e)
					}
				}
			}
		}
	})
}

func FuzzRangesAndBlocks(f *testing.F) {
	for _, seed := range []string{"1000-1999, 2500-2599", "+33 4 72 10 10 00-99", "0-9", "–", "+1-+2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := reconcile.ParseRanges(text); err == nil {
			for _, r := range got {
				if !r.Contains(r.First) || !r.Contains(r.Last) || r.Size() < 1 || !r.CoveredBy(got) {
					t.Errorf("%q: %v", text, r)
				}
			}
		}
		if b, err := reconcile.ParseBlock(text, "FR"); err == nil {
			again, err := reconcile.ParseBlock(b.String(), "")
			if err != nil || cmp.Diff(b, again) != "" {
				t.Errorf("%q: %v reads back as %v, %v", text, b, again, err)
			}
		}
	})
}

func BenchmarkSiteNumbers(b *testing.B) {
	for field, read := range readers {
		b.Run(field, func(b *testing.B) {
			for b.Loop() {
				if _, err := read(country, "+33 4 72 10 10 23", site("lyon")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
