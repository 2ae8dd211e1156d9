package dashboard

import (
	"embed"
	"errors"
	"fmt"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed messages/*.toml
var messageFiles embed.FS

// texts are all messages of all languages.
type texts struct{ bundle *i18n.Bundle }

func readTexts() (*texts, error) {
	bundle := i18n.NewBundle(language.Make(Languages[0]))
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	for _, l := range Languages {
		if _, err := bundle.LoadMessageFileFS(messageFiles, "messages/"+l+".toml"); err != nil {
			return nil, fmt.Errorf("texts in %s: %w", l, err)
		}
	}
	return &texts{bundle}, nil
}

// speaker writes the texts of one language.
type speaker struct{ in *i18n.Localizer }

func (t *texts) in(language string) speaker { return speaker{i18n.NewLocalizer(t.bundle, language)} }

// text is a message; pairs name what it has in braces. One without a text is an
// error; Count chooses between the singular and the plural, where they differ.
func (s speaker) text(id string, pairs ...any) (string, error) {
	if len(pairs)%2 != 0 {
		return "", fmt.Errorf("text %s: a name without a value", id)
	}
	config := &i18n.LocalizeConfig{MessageID: id}
	if len(pairs) > 0 {
		data := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			name, ok := pairs[i].(string)
			if !ok {
				return "", fmt.Errorf("text %s: %v is no name", id, pairs[i])
			}
			data[name] = pairs[i+1]
			if n, whole := pairs[i+1].(int); whole && name == "Count" {
				config.PluralCount = n
			}
		}
		config.TemplateData = data
	}
	return s.in.Localize(config)
}

// word is the text group.value, or the value itself where nobody has named it:
// what people write themselves, and what a newer part of the product says.
func (s speaker) word(group, value any) (string, error) {
	text, err := s.text(fmt.Sprintf("%v.%v", group, value))
	var unknown *i18n.MessageNotFoundErr
	if errors.As(err, &unknown) {
		return fmt.Sprint(value), nil
	}
	return text, err
}
