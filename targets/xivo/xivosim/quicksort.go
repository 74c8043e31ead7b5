package xivosim

// quicksort is Bentley and McIlroy's sort as PostgreSQL runs it: equal keys
// stay in order only while the input is sorted already or short. Which of two
// people of one name comes first is thereby as arbitrary as on a real XiVO,
// and the same as in the recordings.
func quicksort[T any](a []T, compare func(a, b T) int) {
	for {
		if ascending(a, compare) {
			return
		}
		n := len(a)
		if n < 7 {
			insertionSort(a, compare)
			return
		}
		p := pivot(a, compare)
		a[0], a[p] = a[p], a[0]
		less, more := partition(a, compare)
		quicksort(a[:less], compare)
		a = a[n-more:]
		if more <= 1 {
			return
		}
	}
}

func ascending[T any](a []T, compare func(a, b T) int) bool {
	for i := 1; i < len(a); i++ {
		if compare(a[i-1], a[i]) > 0 {
			return false
		}
	}
	return true
}

func insertionSort[T any](a []T, compare func(a, b T) int) {
	for i := range a {
		for j := i; j > 0 && compare(a[j-1], a[j]) > 0; j-- {
			a[j-1], a[j] = a[j], a[j-1]
		}
	}
}

// pivot is the middle, the median of three, or of three medians.
func pivot[T any](a []T, compare func(a, b T) int) int {
	n := len(a)
	low, mid, high := 0, n/2, n-1
	if n == 7 {
		return mid
	}
	median := func(i, j, k int) int {
		if compare(a[i], a[j]) < 0 {
			switch {
			case compare(a[j], a[k]) < 0:
				return j
			case compare(a[i], a[k]) < 0:
				return k
			}
			return i
		}
		switch {
		case compare(a[j], a[k]) > 0:
			return j
		case compare(a[i], a[k]) < 0:
			return i
		}
		return k
	}
	if n > 40 {
		d := n / 8
		low, mid, high = median(low, low+d, low+2*d), median(mid-d, mid, mid+d), median(high-2*d, high-d, high)
	}
	return median(low, mid, high)
}

// partition puts what is less than a[0] first, what is more last and what is
// equal between, and returns the lengths of the outer parts. Equal elements
// are kept at both ends until the rest is done.
func partition[T any](a []T, compare func(a, b T) int) (less, more int) {
	n := len(a)
	pa, pb, pc, pd := 1, 1, n-1, n-1
	for {
		for pb <= pc {
			r := compare(a[pb], a[0])
			if r > 0 {
				break
			}
			if r == 0 {
				a[pa], a[pb] = a[pb], a[pa]
				pa++
			}
			pb++
		}
		for pb <= pc {
			r := compare(a[pc], a[0])
			if r < 0 {
				break
			}
			if r == 0 {
				a[pc], a[pd] = a[pd], a[pc]
				pd--
			}
			pc--
		}
		if pb > pc {
			break
		}
		a[pb], a[pc] = a[pc], a[pb]
		pb, pc = pb+1, pc-1
	}
	swapRuns(a, 0, pb, min(pa, pb-pa))
	swapRuns(a, pb, n, min(pd-pc, n-pd-1))
	return pb - pa, pd - pc
}

// swapRuns exchanges n elements from start with the n before end.
func swapRuns[T any](a []T, start, end, n int) {
	for i := range n {
		a[start+i], a[end-n+i] = a[end-n+i], a[start+i]
	}
}
