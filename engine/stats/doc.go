// Package stats turns sums per variant into numbers an analyst can defend:
// rates, lift with its interval, p-values, the check of the split, a verdict and
// a sentence. It is pure: sums come in, no raw rows, no clock, no I/O.
//
//	SQL (warehouse) ──► Arm: n, converted, sum, sum of squares
//	                      │
//	                      ├─► Proportion, Mean ──► Sample: n, mean, variance
//	                      │                          ├─► Welch, Holm     p-value
//	                      │                          ├─► LogRatio        lift and its intervals
//	                      │   Quotient, Adjust ──────┘─► Absolute, Relative: an Effect, as gbstats has it
//	                      ├─► Posterior, Best: chance to win, expected loss, the best of all
//	                      ├─► ArmValue, Incremental: money, coupon costs taken off
//	                      ├─► CheckSplit: SRM
//	                      ├─► Stratify, Thompson: bandits
//	                      ├─► CheckHarm: guardrails that may be looked at at any time
//	                      ▼
//	                    Judge ──► Results: verdict, sentence, the JSON of the contract
//
// The p-value, and the verdict from it, come from the absolute difference: a
// test of the ratio (D/μC) is lopsided where conversions are rare, and calls a
// false loss several times as often as a false win. The lift's interval is taken
// on the logarithm of the ratio, which is as wide below as above on that scale and
// never passes −100 %.
//
// A number that cannot be given is not given: Number and Interval are known or
// carry a Reason, their JSON is null, and the arm's "reasons" say why in Japanese
// and English. NaN and infinity never leave the package, whatever came in.
//
// # The verdict
//
// One plain rule per arm against control, first match wins:
//
//	broken_split    the split does not fit the weights (SRM, p < 0.001): nothing below is to be trusted
//	collecting      under 100 units in either arm, or the smaller arm expects, at the common rate,
//	                under 10 that convert or under 10 that do not
//	win, loss       two-sided Welch test, p < 0.05 (after Holm with three arms or more)
//	likely_win,     p < 0.10: it leans, and is not significant
//	likely_loss
//	no_difference   the lift's 95 % interval lies within ±10 %: a worthwhile effect is excluded
//	collecting      else: as yet nothing can be told; the sentence says how many more units
//
// Welch's test is exact on both sides where the arms are about equal. With a small
// control (1:9) and few conversions the small arm is falsely low more often than
// high: at the floor of ten, in 5.4 % against 1.0 % of campaigns without a
// difference (nominal 2.5 each), and about 3.4 and 1.9 at fifty.
//
// Money (revenue less the cost of coupons, per visitor) has a verdict of its own by
// the same rule, from 50 expected sales in the smaller arm on. Orders are uneven:
// with equal arms a twentieth of verdicts without a difference is false, as said;
// with a small control (1:9) up to 8 in a hundred, nearly all of them in favour of
// the larger arm, since a small arm without its few large orders looks poor and
// sure of it. What is at stake is printed with its interval for that reason.
//
// A high p-value alone is never called "no difference": it may just be little data.
// Looking every day and stopping at the first p < 0.05 raises false alarms far
// above 5 %; the sequential interval is the one that may be watched.
//
// A campaign's verdict is the best of its arms' in this order: win, likely_win,
// collecting, no_difference, likely_loss, loss. The sentence names the arm.
//
// # Harm
//
// CheckHarm asks every few minutes whether an arm is worse than control in
// conversion, money, errors or closes, by a one-sided bound that holds at all looks
// together. Unshared, four guardrails at α = 0.05 stop 9 in 100 campaigns that do
// nothing; they share it, and stop 2. A campaign that loses a fifth of its
// conversions is stopped by 20,000 visitors of both arms in nine of ten cases where
// 10 % convert, by 70,000 where 3 % do.
//
// # Bandits
//
// Thompson gives every arm its chance to be the best, and 1 % at least. Weights that
// move with the results make pooled sums lie: where a sale ends while the better arm
// gains weight, two points of advantage read as half a point. So arms are compared
// within periods of steady weights only (Stratify, JudgePeriods), and the bandit
// itself goes by the same. CUPED is not for bandits.
package stats
