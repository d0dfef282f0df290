# shellcheck shell=bash
cases_cut() { :; }
