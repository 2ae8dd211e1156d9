package api

import (
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/crypto/argon2"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

// Person may come in to the screens.
type Person struct {
	Name string
	Role dashboard.Role
	Hash string // of the password, of HashPassword
}

// People are who may come in beside whoever has the secret key. What changes is
// in force at once.
type People interface {
	All() ([]Person, error) // in order of their names
	Put(Person) error       // adds one, or replaces the one of that name
	Remove(name string) error
}

// MaxPeople bounds People.
const MaxPeople = 200

var personName = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,63}$`)

// CheckPerson says what is wrong with a name or a password that somebody chose.
func CheckPerson(name, password string) error {
	switch {
	case !personName.MatchString(name):
		return fmt.Errorf("%q is no name for a person: 1 to 64 letters, digits and . _ @ + -, beginning with a letter or a digit", name)
	case len([]rune(password)) < 10:
		return fmt.Errorf("the password has fewer than 10 letters: choose a longer one")
	case len(password) > 1000:
		return fmt.Errorf("the password has more than 1,000 bytes")
	}
	return nil
}

// What argon2id takes for one password, as OWASP advises: 19 MiB, about 30 ms.
const (
	argonTime, argonMemory, argonThreads = 2, 19 << 10, 1
	argonPrefix                          = "$argon2id$v=19$m=19456,t=2,p=1$"
)

var plain = base64.RawStdEncoding

// HashPassword is how a password is kept: argon2id in its usual form.
func HashPassword(password string) string {
	salt := make([]byte, 16)
	rand.Read(salt)
	return argonPrefix + plain.EncodeToString(salt) + "$" + plain.EncodeToString(argon(password, salt))
}

func argon(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, 32)
}

// opens says whether a password is the one of a hash. A hash of another form
// opens to nobody, and takes as long.
func opens(hash, password string) bool {
	salt, sum, whole := strings.Cut(strings.TrimPrefix(hash, argonPrefix), "$")
	given, err := plain.DecodeString(salt)
	want, err2 := plain.DecodeString(sum)
	is := argon(password, given)
	return whole && err == nil && err2 == nil && strings.HasPrefix(hash, argonPrefix) && subtle.ConstantTimeCompare(is, want) == 1
}

// roleOf is what the bearer of a secret key may do on the screens.
func roleOf(scope Scope) dashboard.Role {
	switch {
	case scope.has(ScopeAdmin):
		return dashboard.Publish
	case scope.has(scopeEdit):
		return dashboard.Edit
	case scope.has(ScopeReports):
		return dashboard.View
	default:
		return 0
	}
}

// person is who a request of the screens comes from: the bearer of a key, who
// has logged in, or whoever sits at the machine of a demo. The zero person is
// nobody; a key that came and opens nothing is an error.
func (s *Server) person(c echo.Context) (Person, error) {
	b, err := s.bearer(c, "")
	switch {
	case err == nil && b.access == public:
		return Person{}, problem("needs_secret", "this needs the secret key (sk_…); the public key only writes and decides").in("秘密鍵（sk_…）が必要です。")
	case err == nil && roleOf(b.scope) == 0:
		return Person{}, outOfScope(ScopeReports, b.scope)
	case err == nil:
		return b.person(c.Request()), nil
	case !keyProblem(err, "no_key"):
		return Person{}, err
	}
	if who := s.loggedIn(c); who.Role > 0 {
		return who, nil
	}
	if s.desk.open && atLoopback(c.Request().Host) {
		return Person{Name: "demo", Role: dashboard.Publish}, nil
	}
	return Person{}, nil
}

// person is who the bearer of a secret key is in the audit log: the key's own name,
// or of the one for everything the name that came with it.
func (b bearer) person(r *http.Request) Person {
	who := Person{Name: cmp.Or(b.name, "secret key"), Role: roleOf(b.scope)}
	if name, _, ok := r.BasicAuth(); ok && b.name == "" && personName.MatchString(name) && !strings.HasPrefix(name, "sk_") {
		who.Name = name
	}
	return who
}

// atLoopback says whether a browser believes that it speaks with its own
// machine. A name of somebody else's that leads here does not.
func atLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
