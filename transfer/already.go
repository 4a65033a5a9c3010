package transfer

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A receiver that dies or is cut off while it publishes must not publish the same a
// second time when the sender tries again. So before each rename it notes in the
// staging folder what it is about to do; what is gone from the tree and there under
// the noted name was done. Once everything is, that goes to the [PartialStore], and
// an offer of the same transfer is answered with DONE at once.

// intent is one line of the file "publishing".
type intent struct {
	Transfer string `json:"transfer"` // id, hexadecimal
	Name     string `json:"name"`     // as offered
	Local    string `json:"local"`    // in the staging tree
	As       string `json:"as"`       // in the destination
}

const intentFile = "publishing"

// intend notes what publish is about to try.
func (s *staging) intend(transfer [16]byte, name, local, as string) error {
	if s.intents == nil {
		f, err := s.base.OpenFile(intentFile, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return classify(fmt.Errorf("note what is published: %w", err))
		}
		s.intents = f
	}
	line, err := json.Marshal(intent{hex.EncodeToString(transfer[:]), name, local, as})
	if err != nil {
		return err
	}
	_, err = s.intents.Write(append(line, '\n'))
	return classify(err)
}

// already returns what an earlier run of this transfer has published: the names that
// top-level entries got, by the names that were offered.
func (s *staging) already(transfer [16]byte) map[string]string {
	f, err := s.base.Open(intentFile)
	if err != nil {
		return nil
	}
	defer f.Close()
	last := map[string]intent{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var in intent
		if json.Unmarshal(lines.Bytes(), &in) == nil && in.Transfer == hex.EncodeToString(transfer[:]) &&
			checkComponent(in.Local) == nil && checkComponent(in.As) == nil {
			last[in.Name] = in
		}
	}
	done := map[string]string{}
	for name, in := range last {
		_, staged := s.tree.Lstat(in.Local)
		_, published := s.dest.Lstat(in.As)
		if errors.Is(staged, fs.ErrNotExist) && published == nil {
			done[name] = in.As
		}
	}
	return done
}

// wasPublished returns the name that the top-level entry above i got in an earlier run.
func (r *receiver) wasPublished(i uint32) (as string, ok bool) {
	if len(r.before) == 0 {
		return "", false
	}
	n, _ := r.manifest.node(i)
	for n.parent >= 0 {
		n, _ = r.manifest.node(uint32(n.parent))
	}
	as, ok = r.before[n.name]
	return as, ok
}

// repeat reports a transfer that an earlier run had published to the last entry and
// whose sender did not learn of it.
func (r *receiver) repeat() Report {
	var list []Published
	for _, name := range r.offer.Names {
		if as, ok := r.before[name.Name]; ok {
			list = append(list, Published{Name: name.Name, As: as, Path: filepath.Join(r.staging.dest.Name(), as)})
		}
	}
	r.stored.Store(int64(r.offer.Bytes))
	r.resumed.Store(int64(r.offer.Bytes))
	r.clean(list)
	return r.reportDone(list)
}

// there reports whether what a transfer brought is still where it was put. If its user has
// moved or deleted it since, an offer of the same is a new one.
func (f Finished) there() bool {
	for _, p := range f.Published {
		if _, err := os.Lstat(p.Path); err != nil {
			return false
		}
	}
	return true
}

// answerDone answers an offer of a transfer that is through: its sender was cut off
// before it knew.
func (r *receiver) answerDone(f Finished) {
	r.cancel(fmt.Errorf("%w: it is done already", ErrBusy)) // what still comes is forgotten
	r.accepted.Store(true)
	r.mu.Lock()
	m := accept{Offer: r.hash, Entries: maxEntries, Bytes: maxTotal}
	r.mu.Unlock()
	r.session.out.send(frameAccept, r.stream, &m)
	r.session.out.send(frameStored, r.stream, &stored{Chunks: []chunkRange{}, Files: uint64(f.Files), Bytes: r.offer.Bytes, Resumed: r.offer.Bytes})
	r.session.out.send(frameDone, r.stream, &done{Files: uint64(f.Files), Published: wireNames(f.Published), Skipped: []skipped{}})
}

// clean replaces the partial of a transfer that is through by that fact.
func (r *receiver) clean(published []Published) {
	f := Finished{Transfer: r.in.Transfer, Folder: r.staging.dest.Name(), Staging: r.staging.path(), Files: r.complete.Load(), Published: published[:min(len(published), maxNames)]}
	if err := r.session.node.partials.PutDone(r.session.peer.ID, r.key, f); err != nil {
		r.session.node.log.Warn("forget partial", "err", err)
	}
	if err := r.staging.remove(); err != nil {
		r.session.node.log.Warn("remove staging folder", "err", err)
	}
}
