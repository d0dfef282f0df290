# bash completion of cmigrate. It needs no bash-completion package.
_cmigrate() {
	local cur=${COMP_WORDS[COMP_CWORD]} word
	COMPREPLY=()
	[[ $cur == = ]] && cur=''
	while IFS=$'\t' read -r word _; do
		case $word in
		:file) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
		:dir) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
		*) COMPREPLY+=("$word") ;;
		esac
	done < <("${COMP_WORDS[0]}" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o filenames -F _cmigrate cmigrate
