package ui

import "yonder/app"

// describeEnded tells apart who ended a transfer and what can follow.
func (w *words) describeEnded(c *card, item app.Item) {
	t := item.Transfer
	c.mood = neutral
	if t.State == app.Failed {
		c.mood = bad
	}
	if t.State == app.Declined && item.Outgoing {
		c.mood = warning
	}
	if item.Outgoing {
		c.next = w.L("transfer.out." + string(t.State) + ".next")
		c.actions = []action{actRetry}
	}
	if t.Stored > 0 && t.Bytes > 0 && t.State != app.Declined {
		w.addProgress(c, t, false)
	}
}

func doneActions(item app.Item, system string) []action {
	t := item.Transfer
	if item.Outgoing {
		if len(t.Sources) > 0 {
			return []action{actReveal}
		}
		return nil
	}
	if len(t.Paths) == 0 {
		if t.Folder == "" {
			return nil
		}
		return []action{actReveal}
	}
	if len(t.Paths) == 1 && harmless(t.Paths[0], system) {
		return []action{actOpen, actReveal}
	}
	return []action{actReveal}
}
