package engine

// unsigned is no visitor's id: those have no control characters.
const unsigned = "\x00unsigned"

// Stead is the visitor that stands for a person of whom an event names no
// browser, the same one until it is erased. Without a signature it is another, which nobody
// ever ties to the person: anybody may say that he is somebody.
func (e *Engine) Stead(user string, signed bool) (string, error) {
	if !signed {
		return e.instead(unsigned, user)
	}
	return e.instead("", user)
}

// instead is another, and where that one was erased the next of its line: who was
// forgotten may come again, as somebody new.
func (e *Engine) instead(visitor, user string) (string, error) {
	for {
		visitor = e.another(visitor, user)
		if gone, err := e.Erased(visitor); err != nil || !gone {
			return visitor, err
		}
	}
}
