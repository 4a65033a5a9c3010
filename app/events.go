package app

// EventKind says which field of an [Event] is set.
type EventKind string

const (
	EventState    EventKind = "state"    // State: the first event of every stream
	EventMe       EventKind = "me"       // Me: name, listener or addresses changed
	EventSettings EventKind = "settings" // Settings
	EventPerson   EventKind = "person"   // Person: new or changed
	EventForgot   EventKind = "forgot"   // Person (ID only): not listed any more
	EventPairing  EventKind = "pairing"  // Pairing: new, changed or ended
	EventTyped    EventKind = "typed"    // Typed: all of them, when one has changed
	EventItem     EventKind = "item"     // Item: new or changed
	EventHistory  EventKind = "history"  // History: a page of a conversation, made by the front end itself
	EventProblem  EventKind = "problem"  // Problem: something the user should know that belongs to no item
	EventRaise    EventKind = "raise"    // the user started Yonder again: show the window; Paths are to be sent
)

// Event is one change. A stream of them, applied in order to the [State] of its
// first event, always gives the current state. Progress of one item is coalesced
// when the reader is slow; nothing else is ever dropped.
type Event struct {
	Kind     EventKind `json:"kind"`
	State    *State    `json:"state,omitempty"`
	Me       *Me       `json:"me,omitempty"`
	Settings *Settings `json:"settings,omitempty"`
	Person   *Person   `json:"person,omitempty"`
	Item     *Item     `json:"item,omitempty"`
	New      bool      `json:"new,omitempty"` // Item was not there before
	History  *History  `json:"history,omitempty"`
	Problem  *Problem  `json:"problem,omitempty"`
	Paths    []string  `json:"paths,omitempty"`

	Typed   []TypedAddress `json:"typed,omitempty"`
	Pairing *Pairing       `json:"pairing,omitempty"`
}

// History is one page of a conversation, oldest first.
type History struct {
	Person DeviceID `json:"person"`
	Items  []Item   `json:"items"`
	More   bool     `json:"more"` // older items exist
}
