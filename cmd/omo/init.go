package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

func initCommand() *cobra.Command {
	lang, form := "", answers{}
	cmd := &cobra.Command{
		Use:   "init DIR",
		Short: "Make a rules folder to begin with",
		Long: `Make a rules folder to begin with: site.yaml, segments.yaml, three campaigns,
tests for them, and the schemas that editors complete keys with, in .schema.
Nothing is shown to anybody: the campaigns are shadows, which are decided and
logged only, or drafts. Make them the shop's own, and then status: live.

DIR must not exist yet, or be empty: nothing is ever overwritten, and no half of it
is left if anything goes wrong. Its comments and texts are Japanese or English, by
--lang or else by LC_ALL, LC_MESSAGES or LANG.

はじめのルールのフォルダを作ります。日本語で作るには --lang ja を付けてください。`,
		Example: `  omo init rules
  omo init rules --lang ja`,
		Args: one("the folder to make"),
		RunE: func(cmd *cobra.Command, args []string) error {
			japanese, err := inJapanese(lang)
			if err != nil {
				return err
			}
			dir := filepath.Clean(args[0])
			files, err := beginRules(dir, japanese)
			if err != nil {
				return err
			}
			made := newRules{Folder: dir, Files: files, Next: nextAfterInit(dir)}
			out := cmd.OutOrStdout()
			return form.give(out, made, func() { made.show(out, japanese) })
		},
	}
	cmd.Flags().StringVar(&lang, "lang", "", "of comments and texts: ja or en (default: the terminal's language)")
	form.flag(cmd, "text")
	return cmd
}

// newRules is a rules folder just made.
type newRules struct {
	Folder string   `json:"folder"`
	Files  []string `json:"files"` // inside it
	Next   []string `json:"next"`  // commands to go on with
}

func (n newRules) show(out io.Writer, japanese bool) {
	made, next := "Nothing in it is shown to anybody before you write status: live.", "Next"
	if japanese {
		made, next = "status を live に書きかえるまで、だれにも何も表示されません。", "次のコマンド"
	}
	fmt.Fprintln(out, n.Folder)
	for _, name := range n.Files {
		fmt.Fprintf(out, "  %s\n", name)
	}
	fmt.Fprintf(out, "\n%s\n\n%s:\n", made, next)
	for _, command := range n.Next {
		fmt.Fprintf(out, "  %s\n", command)
	}
}

// nextAfterInit is what to type then, as a shell takes it.
func nextAfterInit(dir string) []string {
	if strings.ContainsFunc(dir, func(r rune) bool { return strings.ContainsRune(" \t\n'\"\\$&|;<>()*?[]#~`!{}", r) }) {
		dir = "'" + strings.ReplaceAll(dir, "'", `'\''`) + "'"
	}
	return []string{"omo check " + dir, "omo test " + dir, "omo serve --rules " + dir}
}
