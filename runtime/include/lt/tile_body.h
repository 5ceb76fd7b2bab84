// tile_body.h: one tile function; tile.h includes it for each type, number of lanes and kind.
//
// The spelling matters: rows and loops are copied to locals, the lanes' loop is innermost with a
// constant bound, and whether sums start at zero is asked once, outside all loops. Then both
// compilers keep every sum in a register through the four loops. LT_REST is volatile where gcc
// would otherwise give registers to the outer loops and fetch row pointers from vector registers
// in the innermost one, on a port that fma needs (eight rows: 154 against 181 GFLOP/s).
LT_OUT_OF_LINE void LT_NAME(const LT_REAL *const *row, const LT_REAL *restrict b,
                            const struct lt_nest *nest, bool carry, LT_REAL *restrict sums)
{
    const LT_REST struct lt_loop *outer = nest->loop;
    const struct lt_loop z = nest->loop[3];
    const LT_REAL *a[lt_rows];
    LT_REAL sum[lt_rows][LT_LANES];
    LT_EACH_ROW a[i] = row[i];

    if (carry) {
        LT_EACH_ROW
#pragma omp simd
            for (int j = 0; j < LT_LANES; j++) sum[i][j] = sums[i * LT_LANES + j];
    } else {
        LT_EACH_ROW
#pragma omp simd
            for (int j = 0; j < LT_LANES; j++) sum[i][j] = 0;
    }

    for (LT_REST int k0 = 0; k0 < outer[0].count; k0++)
        for (LT_REST int k1 = 0; k1 < outer[1].count; k1++)
            for (LT_REST int k2 = 0; k2 < outer[2].count; k2++) {
                ptrdiff_t at = nest->start + k0 * outer[0].a + k1 * outer[1].a + k2 * outer[2].a;
                const LT_REAL *lane = b + (k0 * outer[0].b + k1 * outer[1].b + k2 * outer[2].b);
                for (int k3 = 0; k3 < z.count; k3++, at += z.a, lane += z.b)
                    LT_EACH_ROW
#pragma omp simd
                        for (int j = 0; j < LT_LANES; j++)
                            sum[i][j] = LT_FMA(a[i][LT_LEFT], lane[j], sum[i][j]);
            }

    LT_EACH_ROW
#pragma omp simd
        for (int j = 0; j < LT_LANES; j++) sums[i * LT_LANES + j] = sum[i][j];
}
#undef LT_NAME
