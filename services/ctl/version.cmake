# Writes OUT, a C++ header with the version and the commit of the sources in SOURCE, "" if they lie in no repository.
execute_process(COMMAND git --git-dir=${SOURCE}/.git rev-parse --short=12 HEAD
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
file(WRITE ${OUT} "#pragma once\ninline constexpr char kVersion[] = \"${VERSION}\", kCommit[] = \"${commit}\";\n")
