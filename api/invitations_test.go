package api

import (
	"testing"
	"time"
)

// Where two people find the same invitation gone and invite at once, the second is
// told of the first: an invitation takes the place of that one only that was looked at.
func TestTwoInviteAtOnce(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	by := func(name string) invitation {
		return invitation{Campaign: "help", Variant: "talk", By: name, Until: now.Add(inviteFor)}
	}
	var x invitations
	if err := x.put("ann", by("before"), invitation{}, now); err != nil {
		t.Fatal(err)
	}
	gone, _ := x.waiting("ann", now)
	if err := x.put("ann", by("hanako"), gone, now); err != nil {
		t.Errorf("the place of the one that is gone: %v", err)
	}
	if err := x.put("ann", by("taro"), gone, now); err == nil || err.Code != "already_invited" {
		t.Errorf("the second is told %v", err)
	}
	if one, _ := x.waiting("ann", now); one.By != "hanako" {
		t.Errorf("it is %s's", one.By)
	}
}
