package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine"
)

func keysCommand() *cobra.Command {
	data := "omo-data"
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "List, add, revoke and change keys",
		Long: `List, add, revoke and change the keys in a data folder. A running server takes
the change within two seconds.

  omo keys add crm --scope reports     a secret key for some things; it is shown once
  omo keys revoke crm
  omo keys rotate cookie               a new key for visitors' cookies; those of the old one stay good
  omo keys rotate identify             a new HS256 secret for identify tokens; the old one stays good
                                       until the next rotation

Scopes: events (events and decisions as a server of the shop's), reports
(results, visitors, explanations), erase, operators, admin (everything). Reports and
operators together also pause and resume campaigns.`,
	}
	cmd.PersistentFlags().StringVar(&data, "data", data, "the data folder")
	cmd.AddCommand(webhookSecret(&data), listKeys(&data), addKey(&data), revokeKey(&data), rotateKey(&data))
	return cmd
}

// changeKeys reads keys.json, lets change work on it, and writes it back.
func changeKeys(data string, change func(*keyring) error) error {
	k, err := readKeys(data)
	if errors.Is(err, fs.ErrNotExist) {
		return exit{misuse, fmt.Errorf("%s has no keys yet: start omo serve once, or name another folder with --data", data)}
	}
	if err == nil {
		err = change(k)
	}
	if err == nil {
		_, err = k.forAPI()
	}
	if err != nil {
		return exit{misuse, err}
	}
	return k.write(keysFile(data))
}

// keyInfo is a secret key as it is listed.
type keyInfo struct {
	Name   string   `json:"name"` // "" of the first
	Scopes []string `json:"scopes"`
	Added  string   `json:"added,omitempty"`
}

func listKeys(data *string) *cobra.Command {
	var form answers
	cmd := &cobra.Command{
		Use: "list", Short: "Names and scopes; no key can be read back", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			k, err := readKeys(*data)
			if err != nil {
				return exit{misuse, err}
			}
			all := []keyInfo{{Scopes: []string{"admin"}}}
			for _, s := range k.Secrets {
				all = append(all, keyInfo{s.Name, s.Scopes, s.Added})
			}
			out := cmd.OutOrStdout()
			return form.give(out, map[string]any{"keys": all}, func() {
				t := newTable(out, "name", "scopes", "added")
				for _, x := range all {
					t.AppendRow(table.Row{cmp.Or(x.Name, "(the first)"), strings.Join(x.Scopes, " "), x.Added})
				}
				t.Render()
			})
		},
	}
	form.flag(cmd, "the table")
	return cmd
}

func webhookSecret(data *string) *cobra.Command {
	return &cobra.Command{
		Use: "webhook", Short: "Show the secret by which receivers check a webhook's signature", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			k, err := readKeys(*data)
			if err != nil {
				return exit{misuse, err}
			}
			fmt.Fprintln(cmd.OutOrStdout(), cmp.Or(os.Getenv("OMO_WEBHOOK_SECRET"), k.Webhook))
			return nil
		},
	}
}

var keyName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

func addKey(data *string) *cobra.Command {
	var scopes []string
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Make a secret key for some things", Args: one("a name for the key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, key := args[0], "sk_"+rand.Text()
			err := changeKeys(*data, func(k *keyring) error {
				switch {
				case !keyName.MatchString(name):
					return fmt.Errorf("%q is no name for a key: 1 to 64 of a-z, 0-9, _ and -", name)
				case slices.ContainsFunc(k.Secrets, func(s secretKey) bool { return s.Name == name }):
					return fmt.Errorf("a key %s is there already: omo keys revoke %s first, or choose another name", name, name)
				case len(k.Secrets) >= api.MaxScoped:
					return fmt.Errorf("there are %d keys, and no more are taken: revoke what nobody uses", len(k.Secrets))
				}
				if _, err := api.ParseScope(scopes); err != nil {
					return fmt.Errorf("--scope: %w", err)
				}
				k.Secrets = append(k.Secrets, secretKey{Name: name, SHA256: hexHash(key), Scopes: scopes, Added: time.Now().UTC().Format(time.DateOnly)})
				return nil
			})
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%s\n", key)
				fmt.Fprintln(cmd.ErrOrStderr(), "shown this once: keep it where it is used")
			}
			return err
		},
	}
	cmd.Flags().StringSliceVar(&scopes, "scope", nil, "events, reports, erase, operators, admin; several with commas")
	return cmd
}

func revokeKey(data *string) *cobra.Command {
	return &cobra.Command{
		Use: "revoke NAME", Short: "Take a key away", Args: one("the key's name"),
		RunE: func(_ *cobra.Command, args []string) error {
			return changeKeys(*data, func(k *keyring) error {
				left := slices.DeleteFunc(slices.Clone(k.Secrets), func(s secretKey) bool { return s.Name == args[0] })
				if len(left) == len(k.Secrets) {
					return fmt.Errorf("no key is called %s: omo keys list tells their names", args[0])
				}
				k.Secrets = left
				return nil
			})
		},
	}
}

func rotateKey(data *string) *cobra.Command {
	return &cobra.Command{
		Use: "rotate cookie|identify", Short: "Change a key; the one before stays good until the next change", Args: one("which key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changeKeys(*data, func(k *keyring) error {
				switch args[0] {
				case "cookie":
					k.CookieOld, k.Cookie = k.Cookie, engine.NewKey()
				case "identify":
					k.IdentifyOld, k.Identify = k.Identify, rand.Text()+rand.Text()
					fmt.Fprintln(cmd.OutOrStdout(), k.Identify)
				default:
					return fmt.Errorf("%s is no key that changes: cookie or identify", args[0])
				}
				return nil
			})
		},
	}
}
