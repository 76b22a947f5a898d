# Turns files into one C file: cmake -DOUT=x.c -P embed.cmake FILE...
# Called with the list in FILES (separated by "|").
string(REPLACE "|" ";" FILES "${FILES}")
set(TABLE "")
set(DATA "")
set(N 0)
foreach(FILE ${FILES})
  get_filename_component(NAME ${FILE} NAME)
  file(READ ${FILE} HEX HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," BYTES "${HEX}")
  string(APPEND DATA "static const unsigned char file_${N}[] = {${BYTES}0};\n")
  string(APPEND TABLE "    {\"${NAME}\", file_${N}, sizeof(file_${N}) - 1},\n")
  string(APPEND ALL "${HEX}")
  math(EXPR N "${N} + 1")
endforeach()
string(SHA1 BUILD "${ALL}")
string(SUBSTRING "${BUILD}" 0 12 BUILD)
file(WRITE ${OUT} "/* Made by embed.cmake. */
#include <stddef.h>
#include <string.h>

#include \"template.h\"

${DATA}
static const struct {
    const char *name;
    const unsigned char *bytes;
    size_t len;
} files[] = {
${TABLE}};

const char *
asset_get(const char *name, size_t *len)
{
    size_t i;

    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (strcmp(files[i].name, name) == 0) {
            *len = files[i].len;
            return (const char *)files[i].bytes;
        }
    }
    return NULL;
}

const char *
asset_build(void)
{
    return \"${BUILD}\";
}
")
