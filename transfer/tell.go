package transfer

// teller gathers what a receiver holds into HAVE frames of bounded size, in the order of
// the manifest.
type teller struct {
	k    *keeper
	m    have
	size int             // bytes of values and rows in m
	look []*incomingFile // to be hashed again once their claims are told
}

// maxTold is how many bytes of claims go into one frame: a chat line waits behind one on a
// slow link.
const maxTold = 4 << 10

// chunk claims the next chunk of an entry.
func (t *teller) chunk(i, chunk uint32, v value) error {
	if last := len(t.m.Claims) - 1; last >= 0 && t.m.Claims[last].Entry == i && t.m.Claims[last].First+uint32(len(t.m.Claims[last].Values)/32) == chunk {
		t.m.Claims[last].Values = append(t.m.Claims[last].Values, v[:]...)
		t.size += 32
	} else {
		t.m.Claims = append(t.m.Claims, claim{Entry: i, First: chunk, Values: append([]byte(nil), v[:]...)})
		t.size += 48
	}
	if t.size >= maxTold {
		return t.upto(frontier{i, chunk + 1})
	}
	return nil
}

// unwanted says that a file is not to be sent.
func (t *teller) unwanted(i uint32) {
	t.m.Unwanted = append(t.m.Unwanted, i)
	if t.size += 5; t.size >= maxTold {
		t.upto(frontier{entry: i})
	}
}

// upto sends what was gathered; nothing before f remains to be told.
func (t *teller) upto(f frontier) error {
	t.m.Upto, t.m.Chunks = uint64(f.entry), uint64(f.chunk)
	if t.m.Claims == nil {
		t.m.Claims = []claim{}
	}
	err := t.k.r.session.out.sendLater(frameHave, t.k.r.stream, &t.m)
	t.m, t.size = have{}, 0
	for _, file := range t.look {
		t.k.look(file)
	}
	t.look = nil
	return err
}
