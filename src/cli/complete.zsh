#compdef cmigrate
# zsh completion of cmigrate.
_cmigrate() {
	local line
	local -a found
	for line in "${(@f)$(cmigrate __complete -- "${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}"; do
		case $line in
		:file) compset -P '--*='; _files ;;
		:dir) compset -P '--*='; _files -/ ;;
		?*) found+=("${${line//:/\\:}/$'\t'/:}") ;;
		esac
	done
	(( $#found )) && _describe cmigrate found
}
if [[ $funcstack[1] == _cmigrate ]]; then
	_cmigrate "$@"
else
	compdef _cmigrate cmigrate
fi
