package ingest

import "github.com/google/uuid"

// foreign is the name space of ids that are no UUIDs.
var foreign = uuid.NewSHA1(uuid.NameSpaceOID, []byte("omotenashi event id"))

// ForeignID is the UUID that stands for another system's id of an event
// (Segment's messageId, say): the same one every time, so that a repetition is
// known. An id that is a UUID stays what it is, in lower case, whatever the
// namespace: it says the same event through every door. Other ids are kept
// apart by namespace, the name of the system; "" is the product's own API.
func ForeignID(namespace, id string) string {
	if parsed, err := uuid.Parse(id); err == nil {
		return parsed.String()
	}
	of := foreign
	if namespace != "" {
		of = uuid.NewSHA1(foreign, []byte(namespace))
	}
	return uuid.NewSHA1(of, []byte(id)).String()
}

// eventID is the canonical id of an event, a new one where the client gave none.
func eventID(id string, mint func() string) string {
	if id == "" {
		return mint()
	}
	return ForeignID("", id)
}
