# shellcheck shell=bash
cases_hang() { :; }
