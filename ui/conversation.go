package ui

import (
	"time"

	"yonder/app"
)

// pageSize is how many items are asked of the history at a time.
const pageSize = 60

// groupGap is how close in time messages of one side stand together as a group.
const groupGap = 5 * time.Minute

// conversation is what the window knows of the talk with one person: the newest
// items, in order, and whether older ones can be asked for.
type conversation struct {
	items   []app.Item
	index   map[app.ItemID]int
	loaded  bool // the newest page is here
	loading bool // a page was asked for
	more    bool // older items exist
}

func newConversation() *conversation {
	return &conversation{index: map[app.ItemID]int{}}
}

// put replaces the item with the same id or adds it at the end. A change of an
// item that is older than what is loaded is left to the page that will bring it.
func (c *conversation) put(item app.Item, isNew bool) (added bool) {
	if i, ok := c.index[item.ID]; ok {
		c.items[i] = item
		return false
	}
	if !isNew && c.loaded && len(c.items) > 0 && item.At.Before(c.items[0].At) {
		return false
	}
	c.index[item.ID] = len(c.items)
	c.items = append(c.items, item)
	if item.Transfer != nil && item.Transfer.Parent != "" {
		c.group()
	}
	return true
}

// group moves transfers that add to another one right below it, and what was added to
// the same one before; not into another day, since the headings are in order.
func (c *conversation) group() {
	below := map[app.ItemID][]app.Item{} // by the item that stands above
	roots := make([]app.Item, 0, len(c.items))
	home := map[app.ItemID]app.ItemID{}
	for _, item := range c.items {
		at, known := app.ItemID(""), false
		if item.Transfer != nil && item.Transfer.Parent != "" {
			at, known = home[item.Transfer.Parent]
		}
		if above, ok := c.get(at); known && ok && sameDay(above.At.Local(), item.At.Local()) {
			home[item.ID] = at
			below[at] = append(below[at], item)
			continue
		}
		home[item.ID] = item.ID
		roots = append(roots, item)
	}
	c.items = c.items[:0:0]
	for _, item := range roots {
		c.items = append(append(c.items, item), below[item.ID]...)
	}
	for i, item := range c.items {
		c.index[item.ID] = i
	}
}

// page adds a page of history in front, in its order. Items that are known already
// keep what events said about them, since no event is older than the page.
func (c *conversation) page(h app.History) {
	c.loading, c.loaded, c.more = false, true, h.More
	items := make([]app.Item, 0, len(h.Items)+len(c.items))
	paged := make(map[app.ItemID]bool, len(h.Items))
	for _, item := range h.Items {
		if i, known := c.index[item.ID]; known {
			item = c.items[i]
		}
		paged[item.ID] = true
		items = append(items, item)
	}
	for _, item := range c.items {
		if !paged[item.ID] {
			items = append(items, item)
		}
	}
	c.items = items
	clear(c.index)
	for i, item := range c.items {
		c.index[item.ID] = i
	}
	c.group()
}

// get returns the item with an id.
func (c *conversation) get(id app.ItemID) (app.Item, bool) {
	i, ok := c.index[id]
	if !ok {
		return app.Item{}, false
	}
	return c.items[i], true
}

// oldest is the id to ask for more history before; "" when nothing is here.
func (c *conversation) oldest() app.ItemID {
	if len(c.items) == 0 {
		return ""
	}
	return c.items[0].ID
}

// keys lists the ids in order, as [rows] wants them.
func (c *conversation) keys() []string {
	keys := make([]string, len(c.items))
	for i, item := range c.items {
		keys[i] = string(item.ID)
	}
	return keys
}

// place says how an item stands among its neighbours.
type place struct {
	day   bool // the first of its day: a heading goes above it
	first bool // the first of a group of one side
	last  bool // the last of a group of one side
	added bool // it stands below the transfer that it adds to
}

func (c *conversation) place(id app.ItemID) place {
	i, ok := c.index[id]
	if !ok {
		return place{first: true, last: true}
	}
	p := place{day: i == 0 || !sameDay(c.items[i].At.Local(), c.items[i-1].At.Local())}
	if t := c.items[i].Transfer; t != nil && t.Parent != "" && i > 0 && c.items[i-1].Transfer != nil {
		above := c.items[i-1]
		p.added = above.ID == t.Parent || above.Transfer.Parent != ""
	}
	p.first = p.day || !together(c.items[i-1], c.items[i])
	p.last = i+1 == len(c.items) || !together(c.items[i], c.items[i+1])
	return p
}

// together reports whether two items that follow each other form a group.
func together(a, b app.Item) bool {
	return a.Message != nil && b.Message != nil && a.Outgoing == b.Outgoing &&
		a.Message.State == b.Message.State && b.At.Sub(a.At) < groupGap && sameDay(a.At.Local(), b.At.Local())
}
