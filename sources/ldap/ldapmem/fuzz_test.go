package ldapmem_test

import (
	"net"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/sources/ldap/ldapmem"
)

// FuzzRequest sends what is no proper request: the server may close that
// connection, and must go on serving others.
func FuzzRequest(f *testing.F) {
	bind := request(goldap.ApplicationBindRequest, ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, int64(3), ""))
	f.Add(bind)
	for tag := range 26 {
		f.Add(request(ber.Tag(tag)))
	}
	srv := load(f, "company.ldif", ldapmem.Account(editor, "e"))
	if err := srv.Listen("127.0.0.1:0"); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = srv.Close() })
	f.Fuzz(func(t *testing.T, message []byte) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(srv.URL(), "ldap://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if _, err := conn.Write(append(login(), message...)); err != nil {
			return
		}
		_ = conn.(*net.TCPConn).CloseWrite()
		buf := make([]byte, 4096)
		for {
			if _, err := conn.Read(buf); err != nil {
				return
			}
		}
	})
}

// login returns the bytes of a login, so that what follows is looked at.
func login() []byte {
	password := ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, "e", "")
	return request(goldap.ApplicationBindRequest,
		ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, int64(3), ""),
		ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, editor, ""), password)
}

func request(tag ber.Tag, parts ...*ber.Packet) []byte {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	for _, p := range parts {
		op.AppendChild(p)
	}
	m := ber.NewSequence("")
	m.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, int64(1), ""))
	m.AppendChild(op)
	return m.Bytes()
}
