package dashboard

// Users is the screen of who may come in.
type Users struct {
	People  []User
	Me      string // who looks
	Done    Done
	Problem string // with what was sent
	Name    string // that was sent
	Role    string // with it
}

// User is one of them.
type User struct{ Name, Role string }
