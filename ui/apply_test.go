package ui

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"yonder/app"
)

func statedEvent(s app.State) app.Event { return app.Event{Kind: app.EventState, State: &s} }

func (b *bench) order() (names []string) {
	for _, id := range b.w.order {
		names = append(names, b.w.people[id].Name)
	}
	return names
}

func TestPeopleAreInOrder(t *testing.T) {
	b := newBench(t, here)
	if got, want := fmt.Sprint(b.order()), "[Alice Meyer quiet-otter 林晓雯 Zoë]"; got != want {
		t.Errorf("people are %s, want %s: present first, then by name", got, want)
	}
	away := alice
	away.Present = false
	b.w.Apply(app.Event{Kind: app.EventPerson, Person: &away})
	if got, want := fmt.Sprint(b.order()), "[quiet-otter 林晓雯 Alice Meyer Zoë]"; got != want {
		t.Errorf("after Alice left: %s, want %s", got, want)
	}
	b.w.Apply(app.Event{Kind: app.EventForgot, Person: &app.Person{ID: bob.ID}})
	if got, want := fmt.Sprint(b.order()), "[林晓雯 Alice Meyer Zoë]"; got != want {
		t.Errorf("after quiet-otter was forgotten: %s, want %s", got, want)
	}
}

func TestChoiceFollowsThePersonNotTheRow(t *testing.T) {
	b := newBench(t, here)
	b.choose(lin.ID)
	first := app.Person{ID: id(201), Name: "Aaa", Present: true}
	b.w.Apply(app.Event{Kind: app.EventPerson, Person: &first})
	if b.w.chosen != lin.ID {
		t.Error("a new first row changed who is chosen")
	}
	for key, r := range b.w.side.list.visible {
		if got, want := r.(*personRow).selected, key == lin.ID.String(); got != want {
			t.Errorf("row of %s is selected: %v, want %v", r.(*personRow).name.text, got, want)
		}
	}
}

func TestEmptyListSaysWhatWasTried(t *testing.T) {
	s := here
	s.People = nil
	b := newBench(t, s)
	if !b.w.side.empty.Visible() {
		t.Fatal("an empty list shows nothing")
	}
	if got, want := b.w.side.tried.segment.Text, "Looking by mDNS and broadcast as 192.168.1.7:21925, [fe80::2%eth0]:21925."; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	off := s.Me
	off.Discovery = "none"
	b.w.Apply(app.Event{Kind: app.EventMe, Me: &off})
	if got, want := b.w.side.tried.segment.Text, "Looking for people is turned off. Add people by address."; got != want {
		t.Errorf("with discovery off it says %q, want %q", got, want)
	}
	b.w.Apply(app.Event{Kind: app.EventPerson, Person: &alice})
	if b.w.side.empty.Visible() {
		t.Error("it stays although somebody came")
	}
}

func TestConversationLoadsAndReads(t *testing.T) {
	b := newBench(t, here)
	b.backend.history[lin.ID] = []app.Item{{ID: "a", Person: lin.ID, At: b.now, Message: &app.Message{Body: "hello", State: app.Delivered}}}
	b.choose(lin.ID)
	b.wantCalls("History", fmt.Sprintf("%s %q %d", lin.ID.Short(), "", pageSize))
	b.wantCalls("MarkRead", lin.ID.Short())
	if got := b.row("a").(*messageRow).text.Text; got != "hello" {
		t.Errorf("the row says %q", got)
	}
	b.choose(alice.ID)
	b.choose(lin.ID)
	if got := len(b.backend.asked("History")); got != 2 {
		t.Errorf("history was asked for %d times, want 2: once for each person", got)
	}
}

func TestOlderPagesLoadAtTheTop(t *testing.T) {
	b := newBench(t, here)
	for i := range 150 {
		b.backend.history[alice.ID] = append(b.backend.history[alice.ID], message(i, false, app.Read, fmt.Sprint("line ", i)))
	}
	b.choose(alice.ID)
	if got := len(b.w.talks[alice.ID].items); got != pageSize {
		t.Fatalf("%d items after opening, want one page", got)
	}
	for range 60 {
		b.w.thread.list.scroll.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 400)})
		b.settle()
	}
	talk := b.w.talks[alice.ID]
	if len(talk.items) != 150 || talk.more {
		t.Fatalf("%d items, more %v; want all 150", len(talk.items), talk.more)
	}
	for i, item := range talk.items {
		if item.Message.Body != fmt.Sprint("line ", i) {
			t.Fatalf("item %d is %q: pages are out of order", i, item.Message.Body)
		}
	}
}

func TestPagesAndEventsMeet(t *testing.T) {
	item := func(id string, state app.MessageState) app.Item {
		return app.Item{ID: app.ItemID(id), At: time.Unix(int64(id[0]), 0), Message: &app.Message{Body: id, State: state}}
	}
	tests := []struct {
		why    string
		events []app.Item // as new items, before the page
		page   []app.Item
		want   string
	}{
		{"page alone", nil, []app.Item{item("a", app.Sent), item("b", app.Sent)}, "a:sent b:sent "},
		{"new item before the page that has it too", []app.Item{item("b", app.Delivered)}, []app.Item{item("a", app.Sent), item("b", app.Sent)}, "a:sent b:delivered "},
		{"new item that the page missed", []app.Item{item("c", app.Sent)}, []app.Item{item("a", app.Sent), item("b", app.Sent)}, "a:sent b:sent c:sent "},
	}
	for _, tt := range tests {
		c := newConversation()
		for _, ev := range tt.events {
			c.put(ev, true)
		}
		c.page(app.History{Items: tt.page})
		got := ""
		for _, i := range c.items {
			got += fmt.Sprintf("%s:%s ", i.ID, i.Message.State)
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
	c := newConversation()
	c.page(app.History{Items: []app.Item{item("m", app.Sent)}, More: true})
	if c.put(item("b", app.Sent), false) {
		t.Error("a change of an item from before the loaded page was added at the end")
	}
}

func TestGroups(t *testing.T) {
	at := time.Date(2026, 3, 12, 10, 0, 0, 0, time.Local)
	c := newConversation()
	add := func(id string, out bool, at time.Time) {
		c.put(app.Item{ID: app.ItemID(id), Outgoing: out, At: at, Message: &app.Message{State: app.Read}}, true)
	}
	add("a", true, at.AddDate(0, 0, -1))
	add("b", true, at)
	add("c", true, at.Add(time.Minute))
	add("d", false, at.Add(2*time.Minute))
	add("e", false, at.Add(2*time.Minute+groupGap))
	for id, want := range map[app.ItemID]place{
		"a": {day: true, first: true, last: true},
		"b": {day: true, first: true},
		"c": {last: true},
		"d": {first: true, last: true},
		"e": {first: true, last: true},
	} {
		if got := c.place(id); got != want {
			t.Errorf("%s stands as %+v, want %+v", id, got, want)
		}
	}
}

func TestMessageShowsItsState(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	tests := []struct {
		state    app.MessageState
		says     string
		takeBack bool
	}{
		{app.Queued, "13:01 · waiting for them to come back", true},
		{app.Sent, "13:01 · sent", false},
		{app.Delivered, "13:01 · delivered", false},
		{app.Read, "13:01 · read", false},
		{app.Refused, "13:01 · not taken", false},
	}
	for i, tt := range tests {
		item := message(1, true, tt.state, "hello")
		if tt.state == app.Refused {
			item.Message.Problem = &app.Problem{Code: app.CodeVersion, Object: "Alice"}
		}
		b.item(item, i == 0)
		r := b.row("m1").(*messageRow)
		if r.state.text != tt.says {
			t.Errorf("%s reads %q, want %q", tt.state, r.state.text, tt.says)
		}
		if r.back.Visible() != tt.takeBack {
			t.Errorf("%s can be taken back: %v, want %v", tt.state, r.back.Visible(), tt.takeBack)
		}
		if r.next.Hidden == (tt.state == app.Refused) {
			t.Errorf("%s says why: %v", tt.state, !r.next.Hidden)
		}
	}
}

func TestTakeBack(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	b.item(message(1, true, app.Queued, "hello"), true)
	b.tap(b.row("m1").(*messageRow).back)
	b.wantCalls("Cancel", "m1")
}

func TestProblemsAndHints(t *testing.T) {
	b := newBench(t, here)
	b.w.Apply(app.Event{Kind: app.EventProblem, Problem: &app.Problem{Code: app.CodePortTaken, Object: "21925"}})
	if !b.w.banner.Visible() || b.w.banner.text.segment.Text != "Another program uses port 21925." {
		t.Errorf("the banner says %q", b.w.banner.text.segment.Text)
	}
	b.w.escape()
	if b.w.banner.Visible() {
		t.Error("Esc does not take the problem away")
	}
	b.backend.fail["Refresh"] = errors.New("no network")
	b.w.lookAgain()
	b.settle()
	if got, want := b.w.banner.text.segment.Text, "Something unexpected went wrong (no network)."; got != want {
		t.Errorf("after a failed call the banner says %q, want %q", got, want)
	}
}

func TestClosedWindowIsDeaf(t *testing.T) {
	b := newBench(t, here)
	b.w.Close()
	b.w.Apply(app.Event{Kind: app.EventForgot, Person: &alice})
	if b.w.people[alice.ID] == nil {
		t.Error("an event after Close changed the window")
	}
}

func TestStateStartsOver(t *testing.T) {
	b := newBench(t, here)
	b.backend.history[alice.ID] = []app.Item{message(1, false, app.Read, "old")}
	b.choose(alice.ID)
	b.backend.history[alice.ID] = []app.Item{message(2, false, app.Read, "new")}
	other := &fakeBackend{history: b.backend.history, fail: map[string]error{}}
	b.w.Attach(other)
	b.w.Apply(statedEvent(here))
	b.settle()
	if got := b.row("m2").(*messageRow).text.Text; got != "new" {
		t.Errorf("the open conversation shows %q", got)
	}
	if len(other.asked("History")) != 1 {
		t.Error("the new backend was not asked for the conversation")
	}
}

func TestRaiseKeepsPathsUntilSomebodyIsChosen(t *testing.T) {
	b := newBench(t, here)
	b.w.Apply(app.Event{Kind: app.EventRaise, Paths: []string{"/a/x.pdf", "/a/y"}})
	if got, want := b.w.banner.text.segment.Text, "2 items are ready to send: x.pdf, y"; got != want {
		t.Errorf("the banner says %q, want %q", got, want)
	}
	if b.w.banner.send.Visible() {
		t.Error("it can be sent to nobody")
	}
	b.choose(bob.ID)
	b.wantCalls("Send")
	b.tap(b.w.banner.send)
	b.wantCalls("Send", bob.ID.Short()+` ["/a/x.pdf" "/a/y"]`)
	if b.w.banner.Visible() {
		t.Error("the banner stays after sending")
	}
}

func TestLanguageAndThemeSwitchAtOnce(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	b.w.thread.compose.entry.SetText("half a sentence")
	s := b.w.settings
	s.Language, s.Theme = "zh-Hans", "dark"
	b.w.Apply(app.Event{Kind: app.EventSettings, Settings: &s})
	b.settle()
	if got := b.w.thread.compose.send.Text; got != "发送" {
		t.Errorf("the send button says %q", got)
	}
	if got := b.w.thread.compose.entry.Text; got != "half a sentence" {
		t.Errorf("the draft became %q", got)
	}
	if b.w.chosen != alice.ID {
		t.Error("the conversation closed")
	}
	if got := b.app.Settings().Theme().(look); got.force != "dark" {
		t.Errorf("the theme is %+v", got)
	}
}

func TestKeysReachEverything(t *testing.T) {
	b := newBench(t, here)
	canvas := b.w.win.Canvas()
	b.w.focusPeople()
	canvas.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	canvas.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	b.settle()
	if b.w.chosen != bob.ID {
		t.Errorf("two steps down choose %q", b.w.people[b.w.chosen].Name)
	}
	if canvas.Focused() != b.w.side.keys {
		t.Error("the arrows lost the keyboard")
	}
	canvas.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if canvas.Focused() != b.w.thread.compose.entry {
		t.Error("Return does not go on to the field")
	}
	for shortcut := range b.w.shortcuts() {
		if !b.w.shortcut(&shortcut) {
			t.Errorf("%s does nothing", shortcut.ShortcutName())
		}
		b.settle()
	}
	if b.w.shortcut(&fyne.ShortcutCopy{}) {
		t.Error("copy is taken from the entry")
	}
}

func TestFindByAddress(t *testing.T) {
	b := newBench(t, here)
	b.backend.found = app.Person{ID: id(140), Name: "far", Present: true}
	b.w.side.address.SetText("10.0.0.9:21925")
	b.w.side.address.OnSubmitted("")
	b.settle()
	b.wantCalls("Find", "10.0.0.9:21925")
	if b.w.chosen != id(140) || b.w.side.address.Text != "" {
		t.Error("who was found is not opened")
	}
	b.backend.fail["Find"] = &app.Problem{Code: app.CodeUnreachable, Object: "10.0.0.8:1"}
	b.w.side.address.SetText("10.0.0.8:1")
	b.tap(b.w.side.add)
	if got, want := b.w.side.trouble.segment.Text, "10.0.0.8:1 cannot be reached. Check that Yonder is open there, on the same network, and that no firewall blocks its port. The address is remembered and tried again."; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	b.wantCalls("KeepAddress", "10.0.0.8:1")
	if b.w.side.address.Text != "10.0.0.8:1" || b.w.side.address.Disabled() {
		t.Error("the address cannot be corrected")
	}
	b.backend.fail["KeepAddress"] = &app.Problem{Code: app.CodeBadSetting, Detail: "address"}
	b.tap(b.w.side.add)
	if got := b.w.side.trouble.segment.Text; strings.Contains(got, "remembered") {
		t.Errorf("it says %q about what is not remembered", got)
	}
	b.backend.fail["Find"] = &app.Problem{Code: app.CodeNotFound, Object: "Bo"}
	b.w.side.address.SetText("Bo")
	b.tap(b.w.side.add)
	b.wantCalls("KeepAddress", "10.0.0.8:1", "10.0.0.8:1")
}

func TestHugeAndHostileMessages(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	long := ""
	for len(long) < 16<<10 {
		long += "wwwwwwwwww"
	}
	b.item(message(1, false, app.Read, long), true)
	r := b.row("m1").(*messageRow)
	if !r.more.Visible() || len(r.text.Text) > shownRunes+10 {
		t.Errorf("%d bytes of a huge message are shown at once", len(r.text.Text))
	}
	test.Tap(r.more)
	if got := b.row("m1").(*messageRow).text.Text; got != long {
		t.Errorf("all of it is %d bytes, want %d", len(got), len(long))
	}
	if r.Size().Width > b.w.thread.list.Size().Width {
		t.Error("it is wider than the conversation")
	}
	b.item(message(2, false, app.Read, "**x** [a](file:///etc/passwd) \x1b[31m\u202e"), true)
	if got, want := b.row("m2").(*messageRow).text.Text, `**x** [a](file:///etc/passwd) \u001b[31m\u202e`; got != want {
		t.Errorf("hostile text is shown as %q, want %q", got, want)
	}
}
