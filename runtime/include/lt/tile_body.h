// tile_body.h: one tile function; tile.h includes it for each type, number of lanes and kind.
//
// The spelling matters: rows and loops are copied to locals, the lanes' loop is innermost with a
// constant bound, and whether sums start at zero is asked once, outside all loops. Then both
// compilers keep every sum in a register through the four loops.
LT_OUT_OF_LINE void LT_NAME(const LT_REAL *const *row, const LT_REAL *restrict b,
                            const struct lt_nest *nest, bool carry, LT_REAL *restrict sums)
{
    const struct lt_loop w = nest->loop[0], x = nest->loop[1], y = nest->loop[2];
    const struct lt_loop z = nest->loop[3];
    const LT_REAL *a[lt_rows];
    LT_REAL sum[lt_rows][LT_LANES];
    for (int i = 0; i < lt_rows; i++) a[i] = row[i];

    if (carry) {
        for (int i = 0; i < lt_rows; i++)
#pragma omp simd
            for (int j = 0; j < LT_LANES; j++) sum[i][j] = sums[i * LT_LANES + j];
    } else {
        for (int i = 0; i < lt_rows; i++)
#pragma omp simd
            for (int j = 0; j < LT_LANES; j++) sum[i][j] = 0;
    }

    for (int k0 = 0; k0 < w.count; k0++)
        for (int k1 = 0; k1 < x.count; k1++)
            for (int k2 = 0; k2 < y.count; k2++) {
                ptrdiff_t at = nest->start + k0 * w.a + k1 * x.a + k2 * y.a;
                const LT_REAL *lane = b + (k0 * w.b + k1 * x.b + k2 * y.b);
                for (int k3 = 0; k3 < z.count; k3++, at += z.a, lane += z.b)
                    for (int i = 0; i < lt_rows; i++)
#pragma omp simd
                        for (int j = 0; j < LT_LANES; j++)
                            sum[i][j] = LT_FMA(a[i][LT_LEFT], lane[j], sum[i][j]);
            }

    for (int i = 0; i < lt_rows; i++)
#pragma omp simd
        for (int j = 0; j < LT_LANES; j++) sums[i * LT_LANES + j] = sum[i][j];
}
#undef LT_NAME
