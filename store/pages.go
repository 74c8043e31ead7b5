package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
)

// The parts of bbolt's file format that a check needs (bbolt, internal/common:
// Page, branchPageElement, leafPageElement, InBucket). bbolt's own check follows
// pointers into the mapped file in a goroutine of its own, where a damaged one
// ends the program; this one reads, and trusts no number.
const (
	pageHeader  = 16 // id, flags, count, overflow
	elementSize = 16 // of a branch: pos, ksize, page; of a leaf: flags, pos, ksize, vsize
	bucketSize  = 16 // root page, sequence

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10
	bucketValue  = 1 // flag of a leaf's element

	manyFree   = 0xffff // count of a freelist page whose count does not fit
	noFreelist = 1<<64 - 1
)

// pageChecker walks through the pages of one transaction.
type pageChecker struct {
	f      *os.File
	meta   metaPage
	seen   []bool // pages that were come by, or are free
	report func(format string, args ...any) error
}

// checkPages checks the file's pages: both meta pages, the tree of each bucket,
// the list of free pages, and that every page is in one of them, once.
func checkPages(f *os.File, report func(string, ...any) error) error {
	c := &pageChecker{f: f, report: report}
	meta, damaged, err := newestMeta(f)
	if err != nil {
		return report("pages: %v", err)
	}
	if damaged != "" {
		if err := report("%s is damaged; what was written last may be missing", damaged); err != nil {
			return err
		}
	}
	if info, err := f.Stat(); err != nil || uint64(info.Size())/uint64(meta.PageSize) < meta.Pages {
		return report("pages: the file ends before its last page")
	}
	c.meta, c.seen = meta, make([]bool, meta.Pages)
	if err := c.tree(meta.Root, nil, nil); err != nil {
		return err
	}
	if err := c.free(); err != nil {
		return err
	}
	return c.unseen()
}

// newestMeta returns the meta page of the last transaction, and names the one that
// cannot be read.
func newestMeta(f *os.File) (newest metaPage, damaged string, err error) {
	first, ok0 := readMeta(f, 0)
	size := int64(os.Getpagesize())
	if ok0 {
		size = int64(first.PageSize)
	}
	second, ok1 := readMeta(f, size)
	switch {
	case !ok0 && !ok1:
		return newest, "", ErrDamaged
	case !ok0:
		return second, "the first meta page", nil
	case !ok1:
		return first, "the second meta page", nil
	case second.Txid > first.Txid:
		return second, "", nil
	}
	return first, "", nil
}

// page is one page with those that it flows over into.
type pageData struct {
	id    uint64
	flags uint16
	count int
	data  []byte // behind the header
}

// read reads a page and marks it; ok is false where that was reported.
func (c *pageChecker) read(id uint64) (p pageData, ok bool, err error) {
	if id < 2 || id >= c.meta.Pages {
		return p, false, c.report("page %d: there is no such page", id)
	}
	head := make([]byte, pageHeader)
	if _, err := c.f.ReadAt(head, int64(id)*int64(c.meta.PageSize)); err != nil {
		return p, false, err
	}
	p.id, p.flags, p.count = binary.NativeEndian.Uint64(head), binary.NativeEndian.Uint16(head[8:]), int(binary.NativeEndian.Uint16(head[10:]))
	more := uint64(binary.NativeEndian.Uint32(head[12:]))
	if p.id != id || id+more >= c.meta.Pages {
		return p, false, c.report("page %d: its header is damaged", id)
	}
	for n := id; n <= id+more; n++ {
		if c.seen[n] {
			return p, false, c.report("page %d: it is used twice", n)
		}
		c.seen[n] = true
	}
	p.data = make([]byte, (more+1)*uint64(c.meta.PageSize)-pageHeader)
	_, err = c.f.ReadAt(p.data, int64(id)*int64(c.meta.PageSize)+pageHeader)
	return p, err == nil, err
}

// tree checks a page and those below it, whose keys lie from one key (inclusive)
// to another (exclusive); nil is no bound.
func (c *pageChecker) tree(id uint64, from, to []byte) error {
	p, ok, err := c.read(id)
	if err != nil || !ok {
		return err
	}
	elements, fault := p.elements()
	if fault == "" {
		fault = inOrderBetween(elements, from, to)
	}
	if fault != "" {
		return c.report("page %d: %s", id, fault)
	}
	if p.flags == leafPage {
		return c.leaf(id, elements)
	}
	for i, e := range elements {
		end := to
		if i+1 < len(elements) {
			end = elements[i+1].key
		}
		if err := c.tree(e.page, e.key, end); err != nil {
			return err
		}
	}
	return nil
}

// leaf checks the buckets among the elements of a leaf.
func (c *pageChecker) leaf(id uint64, elements []element) error {
	for _, e := range elements {
		if !e.bucket {
			continue
		}
		if len(e.value) < bucketSize {
			return c.report("page %d: bucket %q is damaged", id, e.key)
		}
		if root := binary.NativeEndian.Uint64(e.value); root != 0 {
			if err := c.tree(root, nil, nil); err != nil {
				return err
			}
			continue
		}
		if fault := checkInline(e.value[bucketSize:]); fault != "" {
			if err := c.report("page %d: bucket %q: %s", id, e.key, fault); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkInline checks a small bucket, which is a page within a value.
func checkInline(value []byte) (fault string) {
	if len(value) < pageHeader {
		return "it ends too early"
	}
	p := pageData{flags: binary.NativeEndian.Uint16(value[8:]), count: int(binary.NativeEndian.Uint16(value[10:])), data: value[pageHeader:]}
	if p.flags != leafPage {
		return "it is no leaf"
	}
	elements, fault := p.elements()
	if fault != "" {
		return fault
	}
	return inOrderBetween(elements, nil, nil)
}

// free checks the list of free pages.
func (c *pageChecker) free() error {
	if c.meta.Freelist == noFreelist {
		return nil
	}
	p, ok, err := c.read(c.meta.Freelist)
	if err != nil || !ok {
		return err
	}
	count, ids := uint64(p.count), p.data
	if count == manyFree {
		count, ids = binary.NativeEndian.Uint64(ids), ids[8:]
	}
	if p.flags != freelistPage || count > uint64(len(ids))/8 {
		return c.report("page %d: the list of free pages is damaged", p.id)
	}
	for i := range count {
		id := binary.NativeEndian.Uint64(ids[i*8:])
		if id < 2 || id >= c.meta.Pages || c.seen[id] {
			if err := c.report("page %d: listed as free, and is used or does not exist", id); err != nil {
				return err
			}
			continue
		}
		c.seen[id] = true
	}
	return nil
}

// unseen reports pages that are lost; the first two are the meta pages.
func (c *pageChecker) unseen() error {
	for id := uint64(2); id < c.meta.Pages; id++ {
		if c.seen[id] {
			continue
		}
		if err := c.report("page %d: neither used nor free", id); err != nil {
			return err
		}
	}
	return nil
}

// element is one key of a page.
type element struct {
	key, value []byte
	page       uint64 // of a branch
	bucket     bool
}

// elements takes a branch or a leaf apart. Keys and values stand behind the
// elements without a gap, in their order: anything else is damage.
func (p pageData) elements() (list []element, fault string) {
	if p.flags != branchPage && p.flags != leafPage {
		return nil, fmt.Sprintf("its kind is %#x", p.flags)
	}
	at := uint64(p.count) * elementSize
	if at > uint64(len(p.data)) || p.flags == branchPage && p.count == 0 {
		return nil, fmt.Sprintf("it cannot have %d elements", p.count)
	}
	for i := range p.count {
		start := uint64(i) * elementSize
		raw := p.data[start : start+elementSize]
		e, pos, ksize, vsize := p.element(raw)
		if start+pos != at || at+ksize+vsize > uint64(len(p.data)) {
			return nil, fmt.Sprintf("element %d is damaged", i)
		}
		e.key, e.value = p.data[at:at+ksize], p.data[at+ksize:at+ksize+vsize]
		at += ksize + vsize
		list = append(list, e)
	}
	return list, ""
}

// element reads the header of one element.
func (p pageData) element(raw []byte) (e element, pos, ksize, vsize uint64) {
	number := func(at int) uint64 { return uint64(binary.NativeEndian.Uint32(raw[at:])) }
	if p.flags == branchPage {
		return element{page: binary.NativeEndian.Uint64(raw[8:])}, number(0), number(4), 0
	}
	e.bucket = number(0) == bucketValue
	if number(0) > bucketValue {
		return e, 0, 0, 0 // no such flag: a place that no element has
	}
	return e, number(4), number(8), number(12)
}

// inOrderBetween tells what is wrong with the order of keys.
func inOrderBetween(elements []element, from, to []byte) (fault string) {
	last := from
	for i, e := range elements {
		switch order := bytes.Compare(last, e.key); {
		case order > 0 && last != nil, order == 0 && i > 0:
			return fmt.Sprintf("key %q is out of order", e.key)
		case to != nil && bytes.Compare(e.key, to) >= 0:
			return fmt.Sprintf("key %q belongs to another page", e.key)
		}
		last = e.key
	}
	return ""
}
