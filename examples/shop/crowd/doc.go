// Package crowd sends simulated visitors through a shop's omotenashi, over the
// same HTTP API that browsers use, and keeps its own tally of what must come
// out of the warehouse.
//
// How many pages a session has, who comes back and who buys is drawn from the
// table of package visits. What an action changes is an assumption, in Effects,
// so that the demo's campaigns have something to find. Every visitor's id
// begins with "sim-".
//
// Three things are not as in life: a session takes as long as its requests take,
// but on the Clock of a past, which runs through the days before as the visitors
// come; pages past MaxPages are not visited; and what a returning visitor did
// before is told as history with the secret key.
package crowd
