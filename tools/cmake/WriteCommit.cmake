# Writes OUT, a header with the commit of the tree at SOURCE, where it is another than OUT says.
execute_process(COMMAND git -C ${SOURCE} rev-parse --short=12 HEAD OUTPUT_VARIABLE commit ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
execute_process(COMMAND git -C ${SOURCE} status --porcelain --untracked-files=no OUTPUT_VARIABLE changes ERROR_QUIET)
if(NOT commit)
  set(commit unknown)
elseif(changes)
  string(APPEND commit " and changes")
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "#define XLSTM_COMMIT \"${commit}\"\n")
