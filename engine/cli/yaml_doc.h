/*
 * YAML as JSON: what templates are written in.  Short forms of CloudFormation's
 * functions become their long ones: `!Ref x` {"Ref": "x"}, `!Sub x`
 * {"Fn::Sub": "x"}, `!GetAtt a.b` {"Fn::GetAtt": ["a", "b"]}.
 */
#ifndef PAVANE_CLI_YAML_DOC_H
#define PAVANE_CLI_YAML_DOC_H

#include "pavane/doc.h"

/*
 * A document out of YAML, or of JSON: a text that begins with a brace.  Plain
 * scalars are
 * numbers, true, false and null as YAML 1.2's core schema has them.
 * Errors: PAV_INVALID, err->at "line N, column N".
 */
PAV_MUSTUSE enum pav_rc
yaml_parse(struct pav_arena *a, const char *text, size_t len,
           const struct pav_doc **out, struct pav_err *err);

#endif
