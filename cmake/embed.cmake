# embed.cmake: files of the library as a C table. Run by the build: cmake -DOUT=… -DFILES=a;b -P.
set(arrays "")
set(rows "")
set(count 0)
foreach(file IN LISTS FILES)
    file(READ ${file} bytes HEX)
    string(LENGTH "${bytes}" length)
    math(EXPR length "${length} / 2")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    get_filename_component(name ${file} NAME)
    string(APPEND arrays "static const unsigned char text_${count}[] = {${bytes}0};\n")
    string(APPEND rows "    {\"stdlib/${name}\", (const char *)text_${count}, ${length}},\n")
    math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUT}.new "// Made by cmake/embed.cmake from stdlib/*.lt.\n#include \"stdlib_files.h\"\n\n${arrays}
const struct StdlibFile stdlib_file[] = {\n${rows}};
const int stdlib_file_count = ${count};\n")
file(RENAME ${OUT}.new ${OUT})
