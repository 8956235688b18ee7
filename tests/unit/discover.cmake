# After a test program is built: asks it for its tests and writes a ctest file that has each of them.
# cmake -DPROGRAM=... -DPREFIX=... -DOUTPUT=... -DENVIRONMENT=... -P discover.cmake
execute_process(COMMAND "${PROGRAM}" --list OUTPUT_VARIABLE names RESULT_VARIABLE failed
                OUTPUT_STRIP_TRAILING_WHITESPACE)
if(failed OR names STREQUAL "")
  message(FATAL_ERROR "${PROGRAM} --list gave no tests")
endif()
string(REPLACE "\n" ";" names "${names}")
set(text "")
foreach(name IN LISTS names)
  string(APPEND text "add_test([[${PREFIX}.${name}]] [[${PROGRAM}]] [[${name}]])\n"
    "set_tests_properties([[${PREFIX}.${name}]] PROPERTIES TIMEOUT 300)\n")
endforeach()
file(WRITE "${OUTPUT}" "${text}")
