package contacts

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"
)

const crowd = 100_000

// firstNames and lastNames give, with the number, a hundred thousand people.
var (
	firstNames = []string{"Élodie", "Jean-Baptiste", "Anne", "Gwenaëlle", "Mohamed", "Zoé", "François", "Inès", "Karim", "Léa"}
	lastNames  = []string{"Müller", "Lefèvre", "Martin", "O'Brien", "Nguyen", "Durand", "Bœuf", "Garcia", "Ben Ali", "Petit", "Roux"}
)

func crowded() *Draft {
	d := office().Draft()
	for i := range crowd {
		name := fmt.Sprintf("%s %s %d", firstNames[i%len(firstNames)], lastNames[i%len(lastNames)], i)
		d.Add(entry(fmt.Sprintf("%08d-0000-4000-8000-%012d", i, i), "displayName", name, "ou", fmt.Sprintf("Service %d", i%400), "l", "Lyon",
			"ipPhone", fmt.Sprint(100000+i), "telephoneNumber", fmt.Sprintf("+33 4 72 %02d %02d %02d", i/10000, i/100%100, i%100)))
	}
	return d
}

// BenchmarkAnswers measures single answers over 100,000 people: the 99th
// percentile counts, since a person waits for it at the phone.
func BenchmarkAnswers(b *testing.B) {
	s := crowded().Sheet()
	r := rand.New(rand.NewPCG(1, 2))
	for name, answer := range map[string]func(){
		"search":   func() { s.Search(fmt.Sprintf("%s %d", lastNames[r.IntN(len(lastNames))], r.IntN(crowd)), 50) },
		"nobody":   func() { s.Search(fmt.Sprintf("nobody %d", r.IntN(crowd)), 50) },
		"two hits": func() { s.Search("service 39 elodie", 50) },
		"phone":    func() { s.Phone(fmt.Sprintf("047200%04d", r.IntN(10000)), 50) },
	} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				answer()
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

// BenchmarkSheet tells what a sheet of 100,000 people costs to make, and what it
// keeps of memory: with the draft that follows the directory, and alone.
func BenchmarkSheet(b *testing.B) {
	var before, both, alone runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		d := crowded()
		s := d.Sheet()
		runtime.GC()
		runtime.ReadMemStats(&both)
		runtime.KeepAlive(d)
		runtime.GC()
		runtime.ReadMemStats(&alone)
		runtime.KeepAlive(s)
	}
	b.ReportMetric(float64(both.HeapAlloc-before.HeapAlloc)/(1<<20), "draft+sheet-MB")
	b.ReportMetric(float64(alone.HeapAlloc-before.HeapAlloc)/(1<<20), "sheet-MB")
}
