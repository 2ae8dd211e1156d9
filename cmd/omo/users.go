package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

func usersCommand() *cobra.Command {
	data := "omo-data"
	cmd := &cobra.Command{
		Use:   "users",
		Short: "List, add and remove who may come in to the screens",
		Long: `List, add and remove the people who may come in to the screens at /ui, in a data
folder. A running server sees the change at once. Whoever has the secret key
comes in too, under any name.

  omo users add hanako --role edit     asks for a password; or give it on standard input
  omo users password hanako            another password: all who are logged in as hanako are out
  omo users remove hanako

Roles: view (look), edit (and pause, resume, playground, chats and invitations),
publish (and people, erasing, export).`,
	}
	cmd.PersistentFlags().StringVar(&data, "data", data, "the data folder")
	cmd.AddCommand(listUsers(&data), addUser(&data), passwordOfUser(&data), removeUser(&data))
	return cmd
}

// userInfo is a person as they are listed.
type userInfo struct {
	Name string `json:"name"`
	Role string `json:"role"`
}

func listUsers(data *string) *cobra.Command {
	var form answers
	cmd := &cobra.Command{
		Use: "list", Short: "Names and roles", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			everybody, err := people{*data}.All()
			if err != nil {
				return exit{misuse, err}
			}
			all := []userInfo{}
			for _, p := range everybody {
				all = append(all, userInfo{p.Name, p.Role.String()})
			}
			out := cmd.OutOrStdout()
			return form.give(out, map[string]any{"users": all}, func() {
				t := newTable(out, "name", "role")
				for _, x := range all {
					t.AppendRow(table.Row{x.Name, x.Role})
				}
				t.Render()
			})
		},
	}
	form.flag(cmd, "the table")
	return cmd
}

func addUser(data *string) *cobra.Command {
	role := ""
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Let somebody in", Args: one("a name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			may, ok := dashboard.Roles[role]
			if !ok {
				return exit{misuse, fmt.Errorf("--role %q is none of view, edit, publish", role)}
			}
			if _, known, err := find(people{*data}, args[0]); err != nil || known {
				if err == nil {
					err = fmt.Errorf("%s is there already: omo users password gives another password, omo users remove takes the person away", args[0])
				}
				return exit{misuse, err}
			}
			return putUser(cmd, *data, args[0], may)
		},
	}
	cmd.Flags().StringVar(&role, "role", role, "view, edit or publish")
	return cmd
}

func passwordOfUser(data *string) *cobra.Command {
	return &cobra.Command{
		Use: "password NAME", Short: "Give somebody another password", Args: one("the person's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			who, known, err := find(people{*data}, args[0])
			if err == nil && !known {
				err = fmt.Errorf("nobody is called %s: omo users list tells the names", args[0])
			}
			if err != nil {
				return exit{misuse, err}
			}
			return putUser(cmd, *data, who.Name, who.Role)
		},
	}
}

func removeUser(data *string) *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Let somebody in no longer", Args: one("the person's name"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := (people{*data}).Remove(args[0]); err != nil {
				return exit{misuse, err}
			}
			return nil
		},
	}
}

func find(p people, name string) (api.Person, bool, error) {
	all, err := p.All()
	for _, one := range all {
		if one.Name == name {
			return one, true, err
		}
	}
	return api.Person{}, false, err
}

func putUser(cmd *cobra.Command, data, name string, role dashboard.Role) error {
	if _, err := os.Stat(data); err != nil {
		return exit{misuse, fmt.Errorf("data folder %s: %w; start omo serve once, or name another with --data", data, err)}
	}
	password, err := askPassword(cmd, name)
	if err == nil {
		err = api.CheckPerson(name, password)
	}
	if err == nil {
		err = people{data}.Put(api.Person{Name: name, Role: role, Hash: api.HashPassword(password)})
	}
	if err != nil {
		return exit{misuse, err}
	}
	return nil
}

// askPassword asks on a terminal, without showing it, and else reads a line.
func askPassword(cmd *cobra.Command, name string) (string, error) {
	if f, is := cmd.InOrStdin().(*os.File); is && term.IsTerminal(int(f.Fd())) {
		fmt.Fprintf(cmd.ErrOrStderr(), "password for %s: ", name)
		typed, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		return string(typed), err
	}
	line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if line == "" && err != nil {
		return "", errors.New("no password on standard input: type it at a terminal, or pipe it in")
	}
	return strings.TrimRight(line, "\r\n"), nil
}
