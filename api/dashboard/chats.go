package dashboard

import (
	"time"

	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// Chats is how a campaign's chats went.
type Chats struct {
	From, To time.Time
	Currency string
	Note     stats.Sentence
	All      ChatRow
	Parts    []ChatRow // by channel, then by topic, then by page
}

// ChatRow are all chats, or those of one channel, topic or group of pages.
type ChatRow struct {
	By, Key                              string
	Offered, Accepted, Answered          uint64
	OfferedTo, AcceptedBy, AnsweredTo    uint64 // visitors
	Ended, Unmatched                     uint64
	Share, Median, P90                   stats.Number
	Window                               string
	After, Without                       ChatAfter
	ToOffered, ToAccepted, ToAnswered    string // addresses of the visitors behind
	ToUnanswered, ToEnded, ToUnmatched   string
	ToAnsweredBought, ToUnansweredBought string
}

// ChatAfter is what visitors did after they had accepted a chat.
type ChatAfter struct {
	Visitors, Open, Buyers, Orders uint64
	Value, Each                    stats.Number
}

// Groups are the parts, those of one kind together; a single topic says no more
// than all chats do.
func (c Chats) Groups() (out [][]ChatRow) {
	for i, row := range c.Parts {
		before, after := i > 0 && c.Parts[i-1].By == row.By, i+1 < len(c.Parts) && c.Parts[i+1].By == row.By
		if row.By == "topic" && !before && !after {
			continue
		}
		if last := len(out) - 1; last >= 0 && out[last][0].By == row.By {
			out[last] = append(out[last], row)
			continue
		}
		out = append(out, []ChatRow{row})
	}
	return out
}
