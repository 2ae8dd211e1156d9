package api

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

// usersScreen lists who may come in.
func (s *Server) usersScreen(c echo.Context) error {
	page := dashboard.Users{Me: by(c).Name}
	if did := c.QueryParam("did"); did == "put" || did == "remove" {
		page.Done = dashboard.Done{What: did, Name: c.QueryParam("of")}
	}
	return s.users(c, http.StatusOK, page)
}

func (s *Server) users(c echo.Context, status int, page dashboard.Users) error {
	if s.desk.people != nil {
		all, err := s.desk.people.All()
		if err != nil {
			return err
		}
		for _, p := range all {
			page.People = append(page.People, dashboard.User{Name: p.Name, Role: p.Role.String()})
		}
	}
	return s.page(c, status, "users", "layout", page)
}

// putUser adds a person, or gives one another role and password.
func (s *Server) putUser(c echo.Context) error {
	name, role := strings.TrimSpace(c.FormValue("name")), dashboard.Roles[c.FormValue("role")]
	fail := func(what, ja string) error {
		text, _, _ := s.saidTo(c, problem("bad_request", what).in(ja))
		return s.users(c, http.StatusBadRequest, dashboard.Users{Me: by(c).Name, Problem: text, Name: name, Role: role.String()})
	}
	if err := CheckPerson(name, c.FormValue("password")); err != nil {
		return fail(err.Error(), "名前は文字か数字で始まる 64 字まで（記号は . _ @ + -）、パスワードは 10 文字以上にしてください。")
	}
	if role == 0 {
		return fail("the role is none of view, edit, publish", "権限は閲覧・編集・公開から選んでください。")
	}
	if err := s.desk.people.Put(Person{Name: name, Role: role, Hash: HashPassword(c.FormValue("password"))}); err != nil {
		s.log.Error("a person could not be kept", "error", err)
		return fail(err.Error(), "保存できませんでした。サーバーのログに理由があります。")
	}
	return s.changedUser(c, "put", name)
}

func (s *Server) removeUser(c echo.Context) error {
	name, err := url.PathUnescape(c.Param("name"))
	if err != nil {
		return problem("bad_request", "the name cannot be read: "+err.Error()).in("名前が読めません。")
	}
	if err := s.desk.people.Remove(name); err != nil {
		return problem("bad_request", err.Error()).in("この名前の人を削除できません。")
	}
	return s.changedUser(c, "remove", name)
}

func (s *Server) changedUser(c echo.Context, what, name string) error {
	if err := s.audit(c, "user_"+what, name); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/ui/users?did="+what+"&of="+url.QueryEscape(name))
}
