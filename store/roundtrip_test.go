package store

import (
	"crypto/rand"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// fill sets every field below v to something that is not its zero value, so that
// a field that the codec does not know is found.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 1, 1, 0, 0, *n, 7, time.FixedZone("", 3600))))
		return
	case record.Value:
		v.Set(reflect.ValueOf(record.Value{fmt.Sprintf("\xff%d", *n), "b"}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(uint64(*n % 256))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, n)
		fill(value, n)
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	default:
		panic("cannot fill " + v.Type().String())
	}
}

// filled returns a T with every field set.
func filled[T any]() (v T) {
	n := 0
	fill(reflect.ValueOf(&v).Elem(), &n)
	return v
}

func testSealer(t testing.TB) *sealer {
	return must[*sealer](t)(newSealer(make([]byte, keySize), rand.Reader))
}

// TestEveryFieldIsKept fails when a noun of the engine gets a field that the
// store would drop.
func TestEveryFieldIsKept(t *testing.T) {
	s := testSealer(t)
	for name, roundTrip := range map[string]func() (want, got any, err error){
		"change": func() (any, any, error) {
			want := filled[record.Change]()
			row := must[*changeRow](t)(s.newChangeRow(want))
			var back changeRow
			if err := decode(nil, must[[]byte](t)(encode(nil, row)), &back); err != nil {
				return nil, nil, err
			}
			got, err := s.change(want.Run, want.Seq, &back)
			return changeFields(want), changeFields(got), err
		},
		"conflict": func() (any, any, error) {
			want := filled[record.Conflict]()
			got, err := s.decodeConflict(want.Number, must[[]byte](t)(s.encodeConflict(want)))
			return conflictFields(want), conflictFields(got), err
		},
		"hold": func() (any, any, error) {
			db, want := openTest(t, newPath(t), Options{}), filled[record.Hold]()
			if err := db.Hold(want); err != nil {
				return nil, nil, err
			}
			want.Number = 1
			return holdFields(want), holdFields(collect(t, db.Holds())[0]), nil
		},
		"mail": func() (any, any, error) {
			db, want := openTest(t, newPath(t), Options{}), filled[record.Mail]()
			if err := db.Keep(reconcile.Effect{Mails: []record.Mail{want}}); err != nil {
				return nil, nil, err
			}
			want.Number = 1
			return mailFields(want), mailFields(collect(t, db.Mails())[0]), nil
		},
		"link": func() (any, any, error) {
			want := filled[record.Link]()
			got, err := unpackLink(want.Number, must[[]byte](t)(packLink(want)))
			return want, got, err
		},
		"state": func() (any, any, error) {
			db, want := openTest(t, newPath(t), Options{}), filled[record.State]()
			if err := db.Save([]record.State{want}); err != nil {
				return nil, nil, err
			}
			got, err := db.State(want.Number)
			return want, got, err
		},
		"run": func() (any, any, error) {
			db, want := openTest(t, newPath(t), Options{}), filled[record.Run]()
			begun := must[record.Run](t)(db.Begin(want))
			want.Number = begun.Number
			got, err := db.Run(begun.Number)
			return want, got, err
		},
		"memory": func() (any, any, error) {
			db, want := openTest(t, newPath(t), Options{}), filled[reconcile.Memory]()
			if err := db.Remember(want); err != nil {
				return nil, nil, err
			}
			got, err := db.Memory()
			return want, got, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			want, got, err := roundTrip()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("(-want +got)\n%s", diff)
			}
		})
	}
}

// changeFields, conflictFields, holdFields and mailFields drop the methods, which
// cmp would not mind but
// a failure's output would go through.
type (
	changeFields   record.Change
	conflictFields record.Conflict
	holdFields     record.Hold
	mailFields     record.Mail
)
