# fish completion of cmigrate.
function __cmigrate_complete
	set -l word (commandline -ct)
	set -l option (string match -r -- '^--[^=]*=' "$word")
	for line in (cmigrate __complete -- (commandline -opc)[2..-1] "$word" 2>/dev/null)
		switch $line
			case :file
				__fish_complete_path (string replace -- "$option" '' "$word") | string replace -r -- '^' "$option"
			case :dir
				__fish_complete_directories (string replace -- "$option" '' "$word") | string replace -r -- '^' "$option"
			case '*'
				echo $line
		end
	end
end
complete -c cmigrate -f -a '(__cmigrate_complete)'
