// slips.c: what is said where the parser cannot go on.
#include "parse.h"

#include "parser.h"

void syntax_error(Parse *p, Span found, Expected expected)
{
    (void)expected;
    fault(p, E_SYNTAX, found, "%s cannot stand here", token_spoken(p->tokens.at[p->at - 1].kind));
}
