package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Security is how the connection to the relay is protected.
type Security string

// The kinds of protection. None is for a relay on this machine.
const (
	StartTLS Security = "starttls"
	TLS      Security = "tls"
	None     Security = "none"
)

// Config is how mails leave.
type Config struct {
	// Host and Port are the relay's; a port of zero is that of the security: 587,
	// 465 or 25.
	Host string
	Port int
	// Security is [StartTLS] where it is empty.
	Security Security
	// CA are the authorities to trust, as PEM; empty: those of the system.
	// ServerName is what the certificate must bear; empty: the host.
	CA         []byte
	ServerName string
	// Username and Password log in; without a name nobody does.
	Username, Password string
	// From is who the mails are from, as ADDRESS or NAME <ADDRESS>, and ReplyTo,
	// where set, who gets the answers.
	From, ReplyTo string
	// Timeout is the longest wait for one answer; zero is 30 seconds.
	Timeout time.Duration
}

// Relay sends mails over one SMTP relay.
type Relay struct {
	cfg  Config
	opts []gomail.Option
}

// Message is a letter on its way to one person.
type Message struct {
	// ID is the Message-ID without its angle brackets: the same at each try.
	ID string
	// To is one address, Name whose it is.
	To, Name string
	// Date is when the mail was written.
	Date   time.Time
	Letter Letter
}

// NewRelay checks the configuration; it connects to nothing yet.
func NewRelay(cfg Config) (*Relay, error) {
	if _, err := netmail.ParseAddress(cfg.From); err != nil {
		return nil, fmt.Errorf("from %q: %w", cfg.From, err)
	}
	if cfg.ReplyTo != "" {
		if _, err := netmail.ParseAddress(cfg.ReplyTo); err != nil {
			return nil, fmt.Errorf("reply_to %q: %w", cfg.ReplyTo, err)
		}
	}
	opts, err := cfg.options()
	if err != nil {
		return nil, err
	}
	if _, err := gomail.NewClient(cfg.Host, opts...); err != nil {
		return nil, fmt.Errorf("relay %s: %w", cfg.Host, err)
	}
	return &Relay{cfg, opts}, nil
}

// options says the same in the library's words.
func (c Config) options() ([]gomail.Option, error) {
	secured := &tls.Config{ServerName: c.ServerName, MinVersion: tls.VersionTLS12}
	if secured.ServerName == "" {
		secured.ServerName = c.Host
	}
	if len(c.CA) > 0 {
		secured.RootCAs = x509.NewCertPool()
		if !secured.RootCAs.AppendCertsFromPEM(c.CA) {
			return nil, errors.New("the file of authorities holds no certificate in PEM")
		}
	}
	opts := []gomail.Option{gomail.WithTLSConfig(secured), gomail.WithoutNoop()}
	switch c.Security {
	case StartTLS, "":
		opts = append(opts, gomail.WithTLSPortPolicy(gomail.TLSMandatory))
	case TLS:
		opts = append(opts, gomail.WithSSLPort(false))
	case None:
		opts = append(opts, gomail.WithTLSPortPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("security %q: it is %s, %s or %s", c.Security, StartTLS, TLS, None)
	}
	if c.Port != 0 {
		opts = append(opts, gomail.WithPort(c.Port))
	}
	if c.Timeout > 0 {
		opts = append(opts, gomail.WithTimeout(c.Timeout))
	}
	if c.Username != "" {
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(c.Username), gomail.WithPassword(c.Password))
	}
	return opts, nil
}

// Send hands one message to the relay. Its error is an *[Error].
func (r *Relay) Send(ctx context.Context, m Message) error {
	return r.Deliver(ctx, m, func() error { return nil })
}

// Deliver is Send, and calls ready once the relay has let us in, before it is told
// anything of the message: until then nothing can have been delivered. An error of
// ready is returned as it is.
func (r *Relay) Deliver(ctx context.Context, m Message, ready func() error) error {
	msg, err := r.compose(m)
	if err != nil {
		return &Error{Class: Permanent, To: m.To, Err: err}
	}
	line := &line{}
	client, err := gomail.NewClient(r.cfg.Host, append(line.options(r.cfg.Security), r.opts...)...)
	if err != nil {
		return &Error{Class: Permanent, To: m.To, Err: err}
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		line.close()
		class, err := r.cfg.notLetIn(r.Address(), err)
		return &Error{Class: class, To: m.To, Err: err, Unreached: true}
	}
	defer func() { _ = client.CloseWithSMTPClient(conn) }() // what fails after the relay took the mail is nobody's trouble
	if err := ready(); err != nil {
		return err
	}
	err = client.SendWithSMTPClient(conn, msg)
	if err == nil || msg.IsDelivered() {
		return nil
	}
	return &Error{Class: classOf(err), To: m.To, Err: err}
}

// line is the connection to the relay: the library leaves it open where the relay's
// greeting or its offers are not what is wanted.
type line struct{ net.Conn }

// options has the library connect by it. With TLS from the beginning it has to do that
// by itself, and does close what fails then.
func (l *line) options(security Security) []gomail.Option {
	if security == TLS {
		return nil
	}
	return []gomail.Option{gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
		l.Conn = conn
		return conn, err
	})}
}

func (l *line) close() {
	if l.Conn != nil {
		_ = l.Close()
	}
}

// compose makes the message: text first, HTML as its alternative (RFC 2046), and
// told to answering machines as automatic (RFC 3834).
func (r *Relay) compose(m Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := msg.From(r.cfg.From); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	if r.cfg.ReplyTo != "" {
		if err := msg.ReplyTo(r.cfg.ReplyTo); err != nil {
			return nil, fmt.Errorf("reply-to: %w", err)
		}
	}
	to, err := recipient(m.Name, m.To)
	if err != nil {
		return nil, err
	}
	msg.AddToMailAddress(to)
	msg.Subject(oneLine(m.Letter.Subject))
	msg.SetDateWithValue(m.Date)
	msg.SetMessageIDWithValue(m.ID)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(gomail.TypeTextPlain, m.Letter.Text)
	if m.Letter.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.Letter.HTML)
	}
	return msg, nil
}

// recipient is one bare address with the person's name: a list, a group or a
// display name in the directory's attribute would send the mail elsewhere.
func recipient(name, address string) (*netmail.Address, error) {
	parsed, err := netmail.ParseAddress(address)
	if err != nil {
		return nil, fmt.Errorf("%q is no mail address: %w", address, err)
	}
	if parsed.Address != strings.TrimSpace(address) {
		return nil, fmt.Errorf("%q is not only a mail address", address)
	}
	return &netmail.Address{Name: oneLine(name), Address: parsed.Address}, nil
}

// oneLine makes every control character a blank, so that a text fits a header.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool { return r < ' ' || r == '\u007f' }), " ")
}

// Address tells where mails go, for people.
func (r *Relay) Address() string {
	port := r.cfg.Port
	if port == 0 {
		port = map[Security]int{TLS: 465, None: 25}[r.cfg.Security]
	}
	if port == 0 {
		port = 587
	}
	return r.cfg.Host + ":" + strconv.Itoa(port)
}
