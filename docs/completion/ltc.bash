# bash completion for ltc: source it, or put it into share/bash-completion/completions/ltc.

_ltc() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]}
    local commands="build check emit explain run help"
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "$commands --help --version" -- "$word"))
        return
    fi
    case $before in
    -o | --output) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --stdlib | --data-root) COMPREPLY=($(compgen -d -- "$word")); return ;;
    --cc) COMPREPLY=($(compgen -c -- "$word")); return ;;
    -d | --dump)
        COMPREPLY=($(compgen -W "parse trace simplify lower fuse layout place" -- "$word"))
        return
        ;;
    -D | --define | --steps) return ;;
    esac
    if [ "$command" = help ]; then
        COMPREPLY=($(compgen -W "$commands" -- "$word"))
        return
    fi
    local options="-D --define --stdlib --data-root -d --dump -h --help"
    case $command in
    build) options="$options -o --output --cc -g --debug -v --verbose" ;;
    emit) options="$options -o --output" ;;
    explain) options="$options --stages" ;;
    run) options="$options --cc -g --debug -v --verbose --interpret --steps" ;;
    esac
    case $word in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -X '!*.lt' -- "$word") $(compgen -d -S / -- "$word")) ;;
    esac
}

complete -o nospace -o filenames -F _ltc ltc
