// Package visits draws believable shop sessions for the demo's simulated visitors.
//
// The shares come from 12,330 real sessions of an online shop: C. Okan Sakar and
// Yomi Kastro, "Online Shoppers Purchasing Intention Dataset", UCI Machine Learning
// Repository (2018), https://doi.org/10.24432/C5F88Q, licence CC BY 4.0. Only a small
// derived table (sessions.csv) is kept: for each kind of visitor and each range of
// product pages seen, how many sessions there were, how many fell on a weekend, how
// many ended in a purchase, and the quantiles of pages and seconds. It is made by
//
//	go run ./examples/shop/visits/derive online_shoppers_intention.csv.gz > examples/shop/visits/sessions.csv
//
// Within one cell of the table pages, seconds, weekend and purchase are drawn apart
// from each other; between cells they are tied as they were in the shop, so that
// somebody who looks at forty products stays long and buys often.
package visits
