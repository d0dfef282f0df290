# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Checks pages in a browser, and metrics files.

chromium=$(command -v chromium || command -v chromium-browser || command -v headless_shell) || true

# Prints the document that Chromium makes of a page. Fails if Chromium fails, or if the page's console has output.
dom_of() { # FILE
	local log=$BATS_TEST_TMPDIR/browser.log
	timeout "$((60 * ${TEST_SLOWNESS:-1}))" "$chromium" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
		--user-data-dir="$BATS_TEST_TMPDIR/browser" --enable-logging=stderr --v=0 \
		--dump-dom "file://$1" 2>"$log" </dev/null 3>&- || {
		tail -n 5 "$log" >&2
		return 1
	}
	! grep -F CONSOLE "$log" >&2
}

# Checks that FILE is in the text format of Prometheus, with no value twice. Parts of the format that cmigrate
# doesn't use (timestamps, exponents) are errors too.
is_metrics() { # FILE
	awk '
		function wrong(why) { print FILENAME ":" NR ": " why ": " $0; bad = 1 }
		/^# HELP [a-z_]+ ./ { helped[$3] = 1; next }
		/^# TYPE [a-z_]+ (counter|gauge|histogram)$/ {
			if (!($3 in helped) || ($3 in kind)) wrong("TYPE without HELP, or twice")
			kind[$3] = $4
			current = $3
			next
		}
		{
			name = $0
			sub(/[{ ].*/, "", name)
			family = name
			if (kind[current] == "histogram") sub(/_(bucket|sum|count)$/, "", family)
			if (family != current || (kind[current] == "histogram" && family == name)) wrong("not below its TYPE")
			if (name ~ /_total$/ && kind[name] != "counter") wrong("a total that is no counter")
			if ($0 !~ /^[a-z_]+\{[a-z_]+="([^"\\]|\\.)*"(,[a-z_]+="([^"\\]|\\.)*")*\} [0-9]+(\.[0-9]+)?$/)
				wrong("not a sample")
			series = $0
			sub(/ [^ ]*$/, "", series)
			if (seen[series]++) wrong("twice")
			n++
		}
		END { exit bad || !n }' "$1" >&2 || return
	[[ $(tail -c 1 "$1" | od -An -c | tr -d ' ') == '\n' ]] && promtool check metrics <"$1" >&2
}
