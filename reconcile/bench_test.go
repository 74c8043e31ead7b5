package reconcile_test

import (
	"fmt"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// BenchmarkDecide tells how many fields one core decides in a second.
func BenchmarkDecide(b *testing.B) {
	number := field("mobile_phone_number", "mobile", reconcile.ToXiVO, reconcile.Transform{Number: reconcile.FormatE164})
	mail, name := field("email", "mail", reconcile.Both), field("lastname", "sn", reconcile.ToXiVO)
	unchanged := ask(&mail, based(&mail, "ann@parts.test", "ann@parts.test"), "ann@parts.test", "ann@parts.test")
	text := ask(&name, based(&name, "Parts", "Parts"), "Married", "Parts")
	folded := ask(&mail, based(&mail, "ann@parts.test", "ann@parts.test"), "Ann@Parts.test", "ann@parts.test")
	dialled := ask(&number, based(&number, "06 12 34 56 78", "+33612345678"), "06 12 34 56 79", "+33612345678")
	same := ask(&number, based(&number, "06 12 34 56 78", "+33612345678"), "06 12 34 56 78", "+33612345678")
	for _, mix := range []struct {
		name      string
		questions []reconcile.Question
	}{
		{"unchanged", repeat(unchanged, 1)},
		{"unchanged number", repeat(same, 1)},
		{"changed text", repeat(text, 1)},
		{"changed case", repeat(folded, 1)},
		{"changed number", repeat(dialled, 1)},
		{"usual", append(append(append(append(repeat(unchanged, 800), repeat(same, 180)...), repeat(text, 14)...), repeat(folded, 4)...), repeat(dialled, 2)...)},
	} {
		b.Run(mix.name, func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				for i := range mix.questions {
					reconcile.Decide(mix.questions[i])
				}
				n += len(mix.questions)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "fields/s")
		})
	}
}

func repeat(q reconcile.Question, n int) []reconcile.Question {
	out := make([]reconcile.Question, n)
	for i := range out {
		out[i] = q
	}
	return out
}

// BenchmarkPlan makes whole plans over both sides in memory: of people of whom
// nobody changed, and of people whom each run has to look at.
func BenchmarkPlan(b *testing.B) {
	const people = 5000
	for _, mode := range []struct {
		name    string
		prepare func(w *world, ids []string)
	}{
		{"nobody changed", func(*world, []string) {}},
		{"one in fifty changed", func(w *world, ids []string) {
			for i := 0; i < len(ids); i += 50 {
				w.ldap.Set(ids[i], "sn", "Changed")
			}
		}},
		{"everybody changed", func(w *world, ids []string) {
			for _, id := range ids {
				w.ldap.Set(id, "sn", "Changed")
			}
		}},
	} {
		b.Run(mode.name, func(b *testing.B) {
			w := newWorld(b)
			openGuards(w)
			var ids []string
			for i := range people {
				ids = append(ids, w.person(fmt.Sprintf("p%06d", i), "mobile", fmt.Sprintf("06%08d", i)))
				w.xivo.Put(fmt.Sprintf("p%06d", i), map[string]string{"firstname": fmt.Sprintf("P%06d", i), "lastname": "Parts",
					"email": fmt.Sprintf("p%06d@parts.test", i), "mobile_phone_number": fmt.Sprintf("+336%08d", i)})
			}
			if report := w.run(); report.Counts != (record.Counts{Adopted: people}) {
				b.Fatalf("%+v", report.Counts)
			}
			mode.prepare(w, ids)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				w.plan()
				n += people
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "people/s")
			b.ReportMetric(float64(n*5)/b.Elapsed().Seconds(), "fields/s")
		})
	}
}
