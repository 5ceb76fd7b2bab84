/* parser.y: tokens to tree, one call an action.
 *
 * Line ends and brackets are in order when they come here (compiler/syntax/layout.c), so the
 * grammar needs no rule about either: T_NL ends a member or a statement, and every bracket has
 * its partner. Mistakes are told apart in compiler/syntax/slips.c, by the tokens around them;
 * each list of lines recovers at its own line ends. For that, a `}` must end its rule (body, block,
 * groups_): a list that is closed already would otherwise take the error.
 */
%code requires {
#include "syntax/parse.h"
}
%code {
static int spec_lex(SPEC_STYPE *value, Span *span, Parse *p);
static void spec_error(const Span *span, Parse *p, const char *text);

/* What stands between the first and the last symbol; an empty rule stands behind the one before. */
#define YYLLOC_DEFAULT(Current, Rhs, N)                                                           \
    do {                                                                                          \
        (Current) = YYRHSLOC(Rhs, (N) ? 1 : 0);                                                   \
        if (N)                                                                                    \
            (Current).end = YYRHSLOC(Rhs, N).end;                                                 \
        else                                                                                      \
            (Current).begin = (Current).end;                                                      \
    } while (0)
#define YYMAXDEPTH 20000
}
%define api.pure full
%define api.prefix {spec_}
%define api.token.prefix {T_}
%define api.location.type {Span}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param {Parse *p}
%initial-action { @$ = (Span){p->source, 0, 0}; }

%union {
    Ast *node;
    List list;
    AstKind kind;
    const char *text;
    bool flag;
}

%token END 0 "the end of the file"
%token NL "the end of the line" NAME "a name" NUMBER "a number" STRING "a string" HOLE "`_`"
%token TRUE "`true`" FALSE "`false`" NONE "`none`" DOC "a `##` comment"
%token DATA "`data`" MODEL "`model`" LAYER "`layer`" FN "`fn`" OPTIMIZER "`optimizer`"
%token SCHEDULE "`schedule`" METRIC "`metric`" CALLBACK "`callback`" TRAINER "`trainer`"
%token USE "`use`" AS "`as`" FROM "`from`" PARAM "`param`" BUFFER "`buffer`" STATE "`state`"
%token GROUP "`group`" IF "`if`" ELSE "`else`" WHEN "`when`" FOR "`for`" IN "`in`" SCAN "`scan`"
%token UNTIL "`until`" YIELD "`yield`" LOG "`log`" MINIMIZE "`minimize`" OVER "`over`"
%token ASSERT "`assert`" CONST "`const`"
%token PIPE "`|>`" ARROW "`->`" ADD_TO "`+=`" SUB_FROM "`-=`" MUL_BY "`*=`" DIV_BY "`/=`"

%token OR "`or`" AND "`and`" NOT "`not`" EQ "`==`" NE "`!=`" LE "`<=`" GE "`>=`" DOTS "`..`"
%token FLOOR "`//`"

%left OR
%left AND
%precedence NOT
%nonassoc EQ NE '<' '>' LE GE
%nonassoc DOTS
%left '+' '-'
%left '*' '/' FLOOR '%' '@'
%precedence NEGATIVE
%right '^'

%type <list> file body members names groups grouplist groups_ params_ params paramlist types strings
%type <list> stmts logged exprs targets args items clauses subs
%type <node> decl function member init over result param param_ type block stmt logitem options
%type <node> expr choice target pipe op postfix arg item clause sub slice bound name
%type <kind> kind
%type <text> add_to
%type <flag> comma
%%
spec    : file                          { p->file = node(p, AST_FILE, @1, $1.first, 0, 0, 0); }
        ;
file    : %empty                        { $$ = none(); }
        | file decl NL                  { $$ = more($1, $2); }
        | file error NL                 { $$ = $1; yyerrok; }
        ;
decl    : USE STRING                    { $$ = use(p, @$, @2, (Span){0}); }
        | USE STRING AS word            { $$ = use(p, @$, @2, @4); }
        | word '=' expr                 { $$ = named(p, AST_CONSTANT, @$, @1, $3, 0, 0, 0); }
        | function
        | kind word params_ body        { $$ = named(p, $1, @$, @2, $3.first, $4.first, 0, 0); }
        | kind word params_ FROM STRING
                                { $$ = with_text(p, named(p, $1, @$, @2, $3.first, 0, 0, 0), @5); }
        | TRAINER body                  { $$ = node(p, AST_TRAINER, @$, 0, $2.first, 0, 0); }
        ;
kind    : DATA                          { $$ = AST_DATA; }
        | MODEL                         { $$ = AST_MODEL; }
        | LAYER                         { $$ = AST_LAYER; }
        | OPTIMIZER                     { $$ = AST_OPTIMIZER_KIND; }
        | SCHEDULE                      { $$ = AST_SCHEDULE; }
        | METRIC                        { $$ = AST_METRIC; }
        | CALLBACK                      { $$ = AST_CALLBACK; }
        ;
function: FN word params result block
                                { $$ = named(p, AST_FUNCTION, @$, @2, $3.first, $4, $5, 0); }
        | FN word params result '=' expr
                                { $$ = named(p, AST_FUNCTION, @$, @2, $3.first, $4, $6, 0); }
        ;
result  : %empty                        { $$ = 0; }
        | ARROW type                    { $$ = $2; }
        ;

body    : '{' members '}'               { $$ = $2; }
        ;
members : %empty                        { $$ = none(); }
        | members member NL             { $$ = more($1, $2); }
        | members error NL              { $$ = $1; yyerrok; }
        ;
member  : PARAM word ':' type init      { $$ = named(p, AST_PARAM, @$, @2, $4, $5, 0, 0); }
        | BUFFER word ':' type init     { $$ = named(p, AST_BUFFER, @$, @2, $4, $5, 0, 0); }
        | STATE word init               { $$ = named(p, AST_STATE, @$, @2, 0, $3, 0, 0); }
        | STATE word ':' type init      { $$ = named(p, AST_STATE, @$, @2, $4, $5, 0, 0); }
        | OPTIMIZER '=' expr over groups
                                { $$ = node(p, AST_OPTIMIZER, @$, $3, $4, $5.first, 0); }
        | OPTIMIZER word '=' expr over groups
                                { $$ = named(p, AST_OPTIMIZER, @$, @2, $4, $5, $6.first, 0); }
        | names '=' exprs               { $$ = node(p, AST_BIND, @$, $1.first, $3.first, 0, 0); }
        | word params result block
                                { $$ = named(p, AST_METHOD, @$, @1, $2.first, $3, $4, 0); }
        | word params result '=' expr
                                { Ast *last = node(p, AST_EXPRESSION, @5, $5, 0, 0, 0);
                                  $$ = named(p, AST_METHOD, @$, @1, $2.first, $3,
                                             node(p, AST_BLOCK, @5, last, 0, 0, 0), 0); }
        | word block    { $$ = flagged(named(p, AST_METHOD, @$, @1, 0, 0, $2, 0), true); }
        | function
        | ASSERT expr                   { $$ = node(p, AST_ASSERT, @$, $2, 0, 0, 0); }
        | ASSERT expr ',' expr          { $$ = node(p, AST_ASSERT, @$, $2, $4, 0, 0); }
        ;
names   : name                          { $$ = one($1); }
        | names ',' name                { $$ = more($1, $3); }
        ;
init    : %empty                        { $$ = 0; }
        | '=' expr                      { $$ = $2; }
        ;
over    : %empty                        { $$ = 0; }
        | OVER expr                     { $$ = $2; }
        ;
groups  : %empty                        { $$ = none(); }
        | groups_
        ;
groups_ : '{' grouplist '}'             { $$ = $2; }
        ;
grouplist
        : %empty                        { $$ = none(); }
        | grouplist GROUP expr body NL
                        { $$ = more($1, node(p, AST_GROUP, @3, $3, $4.first, 0, 0)); }
        | grouplist FOR targets IN pipe groups_ NL
                        { $$ = more($1, node(p, AST_GROUP_FOR, @3, $3.first, $5, $6.first, 0)); }
        | grouplist error NL            { $$ = $1; yyerrok; }
        ;

params_ : %empty                        { $$ = none(); }
        | params
        ;
params  : '(' ')'                       { $$ = none(); }
        | '(' paramlist comma ')'       { $$ = $2; }
        ;
paramlist
        : param                         { $$ = one($1); }
        | paramlist ',' param           { $$ = more($1, $3); }
        ;
param   : param_
        | CONST param_                  { $$ = constant(p, @$, $2); }
        ;
param_  : word                          { $$ = named(p, AST_PARAMETER, @$, @1, 0, 0, 0, 0); }
        | word ':' type                 { $$ = named(p, AST_PARAMETER, @$, @1, $3, 0, 0, 0); }
        | word '=' expr                 { $$ = named(p, AST_PARAMETER, @$, @1, 0, $3, 0, 0); }
        | word ':' type '=' expr        { $$ = named(p, AST_PARAMETER, @$, @1, $3, $5, 0, 0); }
        ;
comma   : %empty                        { $$ = false; }
        | ','                           { $$ = true; }
        ;
type    : word                          { $$ = named(p, AST_TYPE, @$, @1, 0, 0, 0, 0); }
        | FN                            { $$ = named(p, AST_TYPE, @$, @1, 0, 0, 0, 0); }
        | word '[' subs comma ']'
                        { $$ = flagged(named(p, AST_TYPE, @$, @1, $3.first, 0, 0, 0), true); }
        | word '[' ']'  { $$ = flagged(named(p, AST_TYPE, @$, @1, 0, 0, 0, 0), true); }
        | '[' type ']'                  { $$ = node(p, AST_TYPE_LIST, @$, $2, 0, 0, 0); }
        | '(' types comma ')'           { $$ = node(p, AST_TYPE_TUPLE, @$, $2.first, 0, 0, 0); }
        | strings                       { $$ = node(p, AST_TYPE_WORDS, @$, $1.first, 0, 0, 0); }
        | type '?'                      { $$ = node(p, AST_TYPE_OPTIONAL, @$, $1, 0, 0, 0); }
        | type LE NUMBER
                        { $$ = node(p, AST_TYPE_BOUND, @$, $1, number_of(p, @3), 0, 0); }
        ;
types   : type                          { $$ = one($1); }
        | types ',' type                { $$ = more($1, $3); }
        ;
strings : STRING                        { $$ = one(string_of(p, @1)); }
        | strings '|' STRING            { $$ = more($1, string_of(p, @3)); }
        ;

block   : '{' stmts '}'                 { $$ = block(p, @$, $2); }
        ;
stmts   : %empty                        { $$ = none(); }
        | stmts stmt NL                 { $$ = more($1, $2); }
        | stmts error NL                { $$ = more($1, leaf(p, AST_ERROR, @2)); yyerrok; }
        ;
stmt    : exprs                         { $$ = node(p, AST_EXPRESSION, @$, $1.first, 0, 0, 0); }
        | exprs '=' exprs               { $$ = assign(p, @$, $1, $3); }
        | exprs add_to expr             { $$ = update(p, @$, $2, $1, $3); }
        | LOG logged options            { $$ = node(p, AST_LOG, @$, $2.first, $3, 0, 0); }
        | MINIMIZE expr over            { $$ = node(p, AST_MINIMIZE, @$, $2, $3, 0, 0); }
        | YIELD exprs                   { $$ = node(p, AST_YIELD, @$, $2.first, 0, 0, 0); }
        | ASSERT expr                   { $$ = node(p, AST_ASSERT, @$, $2, 0, 0, 0); }
        | ASSERT expr ',' expr          { $$ = node(p, AST_ASSERT, @$, $2, $4, 0, 0); }
        | function
        ;
add_to  : ADD_TO                        { $$ = "+="; }
        | SUB_FROM                      { $$ = "-="; }
        | MUL_BY                        { $$ = "*="; }
        | DIV_BY                        { $$ = "/="; }
        ;
logged  : logitem                       { $$ = one($1); }
        | logged ',' logitem            { $$ = more($1, $3); }
        ;
logitem : word                          { $$ = named(p, AST_LOG_ITEM, @$, @1, 0, 0, 0, 0); }
        | word '=' expr                 { $$ = named(p, AST_LOG_ITEM, @$, @1, $3, 0, 0, 0); }
        | STRING '=' expr
                        { $$ = node(p, AST_LOG_ITEM, @$, $3, string_of(p, @1), 0, 0); }
        ;
options : %empty                        { $$ = 0; }
        | body                          { $$ = $1.first; }
        ;
exprs   : expr                          { $$ = one($1); }
        | exprs ',' expr                { $$ = more($1, $3); }
        ;

expr    : pipe
        | pipe WHEN pipe                { $$ = node(p, AST_WHEN, @$, $1, $3, 0, 0); }
        | pipe WHEN pipe ELSE expr      { $$ = node(p, AST_WHEN, @$, $1, $3, $5, 0); }
        | FN params result '=' expr     { $$ = node(p, AST_LAMBDA, @$, $2.first, $3, $5, 0); }
        | FN params result block        { $$ = node(p, AST_LAMBDA, @$, $2.first, $3, $4, 0); }
        | choice
        | SCAN targets IN pipe block
                        { $$ = node(p, AST_SCAN, @$, $2.first, $4, $5, 0); }
        | SCAN targets IN pipe UNTIL pipe block
                        { $$ = node(p, AST_SCAN, @$, $2.first, $4, $7, $6); }
        | FOR targets IN pipe block     { $$ = node(p, AST_FOR, @$, $2.first, $4, $5, 0); }
        ;
choice  : IF pipe block                 { $$ = node(p, AST_IF, @$, $2, $3, 0, 0); }
        | IF pipe block ELSE block      { $$ = node(p, AST_IF, @$, $2, $3, $5, 0); }
        | IF pipe block ELSE choice     { $$ = node(p, AST_IF, @$, $2, $3, $5, 0); }
        ;
targets : target                        { $$ = one($1); }
        | targets ',' target            { $$ = more($1, $3); }
        ;
target  : name
        | HOLE                          { $$ = leaf(p, AST_HOLE, @1); }
        | '(' targets comma ')'         { $$ = node(p, AST_TARGETS, @$, $2.first, 0, 0, 0); }
        ;

pipe    : op
        | pipe PIPE postfix             { $$ = pipeline(p, @$, $1, $3); }
        ;
op      : op OR op                      { $$ = operation(p, AST_BINARY, @$, "or", $1, $3); }
        | op AND op                     { $$ = operation(p, AST_BINARY, @$, "and", $1, $3); }
        | NOT op                        { $$ = operation(p, AST_UNARY, @$, "not", $2, 0); }
        | op EQ op                      { $$ = operation(p, AST_BINARY, @$, "==", $1, $3); }
        | op NE op                      { $$ = operation(p, AST_BINARY, @$, "!=", $1, $3); }
        | op '<' op                     { $$ = operation(p, AST_BINARY, @$, "<", $1, $3); }
        | op '>' op                     { $$ = operation(p, AST_BINARY, @$, ">", $1, $3); }
        | op LE op                      { $$ = operation(p, AST_BINARY, @$, "<=", $1, $3); }
        | op GE op                      { $$ = operation(p, AST_BINARY, @$, ">=", $1, $3); }
        | op DOTS op                    { $$ = operation(p, AST_BINARY, @$, "..", $1, $3); }
        | op '+' op                     { $$ = operation(p, AST_BINARY, @$, "+", $1, $3); }
        | op '-' op                     { $$ = operation(p, AST_BINARY, @$, "-", $1, $3); }
        | op '*' op                     { $$ = operation(p, AST_BINARY, @$, "*", $1, $3); }
        | op '/' op                     { $$ = operation(p, AST_BINARY, @$, "/", $1, $3); }
        | op FLOOR op                   { $$ = operation(p, AST_BINARY, @$, "//", $1, $3); }
        | op '%' op                     { $$ = operation(p, AST_BINARY, @$, "%", $1, $3); }
        | op '@' op                     { $$ = operation(p, AST_BINARY, @$, "@", $1, $3); }
        | '-' op %prec NEGATIVE         { $$ = operation(p, AST_UNARY, @$, "-", $2, 0); }
        | op '^' op                     { $$ = operation(p, AST_BINARY, @$, "^", $1, $3); }
        | postfix
        ;
postfix : NUMBER                        { $$ = number_of(p, @1); }
        | STRING                        { $$ = string_of(p, @1); }
        | TRUE                          { $$ = leaf(p, AST_TRUE, @1); }
        | FALSE                         { $$ = leaf(p, AST_FALSE, @1); }
        | NONE                          { $$ = leaf(p, AST_NONE, @1); }
        | HOLE                          { $$ = leaf(p, AST_HOLE, @1); }
        | name
        | '(' ')'                       { $$ = node(p, AST_TUPLE, @$, 0, 0, 0, 0); }
        | '(' args comma ')'            { $$ = parentheses(p, @$, $2, $3); }
        | '[' ']'                       { $$ = node(p, AST_LIST, @$, 0, 0, 0, 0); }
        | '[' items comma ']'           { $$ = node(p, AST_LIST, @$, $2.first, 0, 0, 0); }
        | '[' expr clauses ']'  { $$ = node(p, AST_COMPREHENSION, @$, $2, $3.first, 0, 0); }
        | postfix '.' word              { $$ = named(p, AST_FIELD, @$, @3, $1, 0, 0, 0); }
        | postfix '(' ')'               { $$ = call(p, @$, $1, none()); }
        | postfix '(' args comma ')'    { $$ = call(p, @$, $1, $3); }
        | postfix '[' subs comma ']'    { $$ = node(p, AST_INDEX, @$, $1, $3.first, 0, 0); }
        ;
args    : arg                           { $$ = one($1); }
        | args ',' arg                  { $$ = more($1, $3); }
        ;
arg     : expr                          { $$ = node(p, AST_ARGUMENT, @$, $1, 0, 0, 0); }
        | word '=' expr                 { $$ = named(p, AST_ARGUMENT, @$, @1, $3, 0, 0, 0); }
        ;
items   : item                          { $$ = one($1); }
        | items ',' item                { $$ = more($1, $3); }
        ;
item    : expr
        | expr ARROW expr               { $$ = node(p, AST_ARROW, @$, $1, $3, 0, 0); }
        ;
clauses : clause                        { $$ = one($1); }
        | clauses clause                { $$ = more($1, $2); }
        | clauses IF pipe
                        { $$ = more($1, node(p, AST_CLAUSE_IF, span_join(@2, @3), $3, 0, 0, 0)); }
        ;
clause  : FOR targets IN pipe           { $$ = node(p, AST_CLAUSE_FOR, @$, $2.first, $4, 0, 0); }
        ;
subs    : sub                           { $$ = one($1); }
        | subs ',' sub                  { $$ = more($1, $3); }
        ;
sub     : expr
        | DOTS                          { $$ = leaf(p, AST_REST, @1); }
        | slice
        ;
slice   : bound ':' bound               { $$ = node(p, AST_SLICE, @$, $1, $3, 0, 0); }
        | bound ':' bound ':' bound     { $$ = node(p, AST_SLICE, @$, $1, $3, $5, 0); }
        ;
bound   : %empty                        { $$ = 0; }
        | op
        ;
name    : word                          { $$ = named(p, AST_NAME, @$, @1, 0, 0, 0, 0); }
        ;
word    : NAME | DATA | MODEL | LAYER | SCHEDULE | METRIC | TRAINER | STATE | GROUP | FROM | IN
        ;
%%
static int spec_lex(SPEC_STYPE *value, Span *span, Parse *p)
{
    (void)value;
    if (p->line_ends) {
        p->line_ends = false;
        return T_NL;
    }
    const Token *token = &p->tokens.at[p->found = p->at];
    p->at += token->kind != T_END;
    *span = token_span(p, token);
    return p->stopped ? T_END : token->kind;
}

// Called by bison itself only when its stack would pass YYMAXDEPTH.
static void spec_error(const Span *span, Parse *p, const char *text)
{
    (void)text;
    fault(p, E_DEPTH, *span, "the expression is nested too deeply here");
    p->stopped = true;
}

const char *token_spoken(int kind)
{
    return yysymbol_name(YYTRANSLATE(kind));
}

static int yyreport_syntax_error(const yypcontext_t *context, Parse *p)
{
    yysymbol_kind_t symbols[YYNTOKENS];
    int kinds[YYNTOKENS], count = 0;
    int wanted = yypcontext_expected_tokens(context, symbols, YYNTOKENS);
    for (int kind = 0; kind <= YYMAXUTOK; kind++)
        for (int i = 0; i < wanted; i++)
            if (YYTRANSLATE(kind) == symbols[i] && symbols[i] != YYSYMBOL_YYUNDEF)
                kinds[count++] = kind;
    syntax_error(p, *yypcontext_location(context), (Expected){kinds, count});
    return 0;
}
