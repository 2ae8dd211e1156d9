package engine

// unsigned is no visitor's id: those have no control characters.
const unsigned = "\x00unsigned"

// Stead is the visitor that stands for a person of whom an event names no
// browser, always the same one. Without a signature it is another, which nobody
// ever ties to the person: anybody may say that he is somebody.
func (e *Engine) Stead(user string, signed bool) string {
	if !signed {
		return e.another(unsigned, user)
	}
	return e.another("", user)
}
