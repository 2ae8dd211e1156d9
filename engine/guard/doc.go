// Package guard asks every few minutes how the live campaigns do: what does harm
// it stops, and a bandit's weights it moves.
//
//	every 5 min, one campaign after another
//	  warehouse ─ counts of the present phase ─► Harm ── crossed ─► engine.StopHarm: control for all
//	                                          └► Next ── moved ───► engine.Allocate: a new period
//
// # What is looked at
//
// Live campaigns with a control and guardrails, and bandits; not those that are
// paused, stopped, in shadow or wait for their counters. Counted are the main goal's
// conversions and value in its window, and closes and errors, of all units of the
// present phase as of the moment of the look, those included whose window has not
// ended. That is fair though the youngest have hardly had time to buy: a look counts
// the units of all arms by one rule at one moment, and chance alone put them into
// their arms, so that at each look both arms are as young. What makes visitors buy
// later and not less looks like a loss at first; who expects that takes conversion
// and value out of the guardrails.
//
// # Memory
//
// None of its own. The bound holds at all looks together, whenever they are, so that
// each look counts anew from the phase's beginning and a restart loses nothing. What
// was crossed stays crossed, since the engine keeps the stop. Resuming opens a phase,
// and with it the counts and α begin afresh.
//
// # What it costs the warehouse
//
// One question a campaign and look, one at a time, each given up after 30 s and
// followed by a rest of four times as long as it took (but no longer than the time
// between two looks): a fifth of the time at most, however many campaigns there are. Where a look takes longer than the time between
// two, the next one begins when it is done. Three failures in a row end a look, and
// the next one begins with the campaigns that have waited longest. Without an answer
// nothing is decided.
//
// # Bandits
//
// A bandit's weights move once a day at most: a period then holds all hours of the
// day, and its visitors have had time to buy. They stand still until every arm has 100
// units and there are ten conversions, until every arm has 20 units in the present
// period (fewer tell little of it, and none makes the period tell nothing), and while
// no arm would gain or lose a point. An arm of the least share, 1 %, so asks for
// about 2,000 visitors a period. The chances to be the best are of conversions, and of
// value less cost from where the smallest arm expects 50 sales, if the goal has value:
// conversions tell sooner, and alone would give all to the largest discount.
package guard
