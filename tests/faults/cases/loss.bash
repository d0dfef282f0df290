# shellcheck shell=bash
cases_loss() { :; }
