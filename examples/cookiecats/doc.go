// Command cookiecats turns the Cookie Cats A/B test into events that omo import reads.
//
// Cookie Cats is a phone game by Tactile Entertainment. It makes a player wait at a
// gate; the test moved the first gate from level 30 to level 40 and asked whether
// players come back. The data, 90,189 players, was published for teaching by DataCamp.
//
//	go run ./examples/cookiecats cookie_cats.csv.gz > events.ndjson
//	omo serve --rules examples/cookiecats/rules &
//	omo import events.ndjson
//	omo results gate
//
// Each player becomes a visitor with one omo_exposure of the campaign "gate" and, when
// true, a return_day_1 one day and a return_day_7 seven days later. The source tells
// days since installing and no dates, so every player installs at one fixed moment.
// Every id is a UUIDv5 of the player's number: a repeated conversion gives the same
// bytes, and importing them twice changes nothing.
package main
