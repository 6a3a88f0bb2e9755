/* The likelihood kernel, compiled: log-likelihood, score and information of rows with one outcome each.
 *
 * It computes what logreg/engine/kernel.py defines, by the same formulas, and is called by
 * logreg/engine/compiled.py. Rows are taken in tiles that stay in the first cache; the design is read once.
 *
 * The file is compiled once per instruction set (VARIANT names the functions). It uses the vectors of GCC and
 * Clang and nothing of a processor's own, no library but the C library, and no header of Python.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* LANES: doubles per register. BLOCK_A x (BLOCK_B LANES) sums of products fit into the registers. */
#if defined(__AVX512F__)
#define LANES 8
#define BLOCK_A 8
#define BLOCK_B 3
#elif defined(__AVX2__) && defined(__FMA__)
#define LANES 4
#define BLOCK_A 4
#define BLOCK_B 3
#else
#define LANES 2
#define BLOCK_A 4
#define BLOCK_B 2
#endif

/* Doubles of a tile: it stays in the first cache, at order 2 beside its weighted copy. Its rows, at least and at
 * most: */
#define TILE_SIZE 4096
#define WEIGHTED_TILE_SIZE 2048
#define FEWEST_ROWS 32
#define MOST_ROWS 256
/* Rows of a tile whose columns are read one after the other: a page of memory each. */
#define COLUMN_RUN 512
/* Doubles of a line of the cache. */
#define LINE 8
/* Pivots of an information scaled to unit diagonal that rounding may have made. */
#define SMALLEST_PIVOT 1e-12

#define JOINED(name, variant) name##_##variant
#define NAMED(name, variant) JOINED(name, variant)
#if defined(_WIN32)
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif
/* The hash of this file, so that a library can be held against its source. */
EXPORTED const char NAMED(logreg_source, VARIANT)[] = SOURCE;

#define INLINE static inline __attribute__((always_inline))

typedef double vec __attribute__((vector_size(8 * LANES)));
typedef double unaligned_vec __attribute__((vector_size(8 * LANES), aligned(8), may_alias));
typedef int64_t ivec __attribute__((vector_size(8 * LANES)));

/* A categorical term: row i has value values[i] (or 1) in column positions[codes[i]] of its width columns;
 * the position `width` stands for no column. */
struct term {
    const void *codes;
    const int64_t *positions;
    const double *values;
    int64_t code_size, code_stride, value_stride, width;
};

/* n rows: q numbers each, then a 1 if there is an intercept, then terms; m = outcomes - 1. Strides count
 * elements, sizes bytes. Column k of these stands in the design at order[k]. */
struct rows {
    int64_t n, q, intercept, m, n_terms;
    const double *numbers;
    int64_t row_stride, column_stride;
    const struct term *terms;
    const int64_t *order;
    const void *codes;
    int64_t code_size, code_stride;
    const double *weights;
    int64_t weight_stride;
    const double *offset;
    int64_t offset_row_stride, offset_equation_stride;
};

INLINE vec every(double x) { return x - (vec){0}; }
INLINE vec load(const double *x) { return *(const unaligned_vec *)x; }
INLINE void store(double *x, vec v) { *(unaligned_vec *)x = v; }
INLINE vec pick(ivec mask, vec yes, vec no) { return (vec)((mask & (ivec)yes) | (~mask & (ivec)no)); }

INLINE double total(vec v) {
    double sums[LANES];
    store(sums, v);
    for (int half = LANES / 2; half; half /= 2)
        for (int k = 0; k < half; k++) sums[k] += sums[k + half];
    return sums[0];
}

static int64_t padded(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

/* e^x for x <= 0: x = k log 2 + r, e^r by its series (the next term is below 5e-18). NaN stays NaN. */
INLINE vec exp_of_negative(vec x) {
    x = pick(x < every(-800.0), every(-800.0), x);
    const vec shift = every(0x1.8p52);
    vec k = x * 0x1.71547652b82fep+0 + shift;
    ivec power = (ivec)k - (ivec)shift;
    k -= shift;
    vec r = x - k * 0x1.62e42fee00000p-1;
    r -= k * 0x1.a39ef35793c76p-33;
    vec s = every(1.0 / 6227020800.0);
    s = s * r + 1.0 / 479001600.0;
    s = s * r + 1.0 / 39916800.0;
    s = s * r + 1.0 / 3628800.0;
    s = s * r + 1.0 / 362880.0;
    s = s * r + 1.0 / 40320.0;
    s = s * r + 1.0 / 5040.0;
    s = s * r + 1.0 / 720.0;
    s = s * r + 1.0 / 120.0;
    s = s * r + 1.0 / 24.0;
    s = s * r + 1.0 / 6.0;
    s = s * r + 0.5;
    s = s * r + 1.0;
    s = s * r + 1.0;
    /* In two factors, so that subnormal numbers come out right. */
    ivec half = power >> 1;
    vec one = (vec)((half + 1023) << 52), other = (vec)((power - half + 1023) << 52);
    return s * one * other;
}

/* log(1 + f) for 1 + f between sqrt(1/2) and sqrt(2), by the series in f / (2 + f) with the coefficients of
 * Sun's freely distributable mathematical library. */
INLINE vec log_near_one(vec f) {
    vec s = f / (f + 2.0), z = s * s;
    vec r = every(1.479819860511658591e-01);
    r = r * z + 1.531383769920937332e-01;
    r = r * z + 1.818357216161805012e-01;
    r = r * z + 2.222219843214978396e-01;
    r = r * z + 2.857142874366239149e-01;
    r = r * z + 3.999999999940941908e-01;
    r = r * z + 6.666666666666735130e-01;
    r = r * z;
    vec h = 0.5 * f * f;
    return f - (h - s * (h + r));
}

/* log(1 + t) for t from 0 to 1. */
INLINE vec log1p_of_unit(vec t) {
    ivec far = t > every(0x1.a827999fcef32p-2);
    vec f = pick(far, 0.5 * (t - 1.0), t);
    return log_near_one(f) + pick(far, every(0x1.62e42fefa39efp-1), every(0.0));
}

/* log(x) for a normal x > 0. */
INLINE vec log_of_normal(vec x) {
    ivec bits = (ivec)x;
    ivec k = ((bits >> 52) & 0x7ff) - 1023;
    vec f = (vec)((bits & 0x000fffffffffffffLL) | 0x3ff0000000000000LL);
    ivec far = f > every(0x1.6a09e667f3bcdp+0);
    f = pick(far, 0.5 * f, f);
    k -= far;
    vec times = __builtin_convertvector(k, vec);
    return times * 0x1.62e42fee00000p-1 + (log_near_one(f - 1.0) + times * 0x1.a39ef35793c76p-33);
}

/* Codes of n rows from the start, whatever their size. */
static void read_codes(const void *codes, int64_t size, int64_t stride, int64_t start, int64_t n, int64_t *to) {
#define READ(type) \
    for (int64_t i = 0; i < n; i++) to[i] = ((const type *)codes)[(start + i) * stride]
    switch (size) {
    case 1: READ(int8_t); break;
    case 2: READ(int16_t); break;
    case 4: READ(int32_t); break;
    default: READ(int64_t);
    }
#undef READ
}

/* What a call works on: a tile of R rows, and the sums. */
struct work {
    int64_t R, dense, slots, pairs;
    int by_row;
    double *tile, *scaled;          /* numbers of the tile, with the intercept, and weighted: [row][column] */
    const double *columns;          /* or without it, where they stand: [column][row] */
    int64_t column_step;
    double *eta, *row_weight;       /* [equation][row], in the end residuals; [pair of equations][row] */
    double *event, *trials;         /* codes and weights of the tile's rows */
    double *coef, *score;           /* [equation][dense column], then [equation][slot] */
    int64_t p;                      /* columns of the design */
    int64_t *slot_column;           /* where slots stand among the columns, -1 for those that are none */
    int64_t *found;                 /* codes, before they are looked up */
    int64_t *slot;                  /* [term][row]: where in the slots of all terms the row belongs */
    double *value;                  /* [term][row] */
    double *moments, *lanes;        /* sums of probabilities, and the same of a tile, lane by lane */
    double *square, *cross, *table; /* [pair][dense][dense], [pair][slot][dense], [pair][slot][slot] */
};

/* LANES vectors as the columns of the square whose rows they were: each round interleaves one half of them with the
 * other. */
INLINE void transpose(vec *x) {
#if LANES == 8
#define LOW 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH 4, 12, 5, 13, 6, 14, 7, 15
#elif LANES == 4
#define LOW 0, 4, 1, 5
#define HIGH 2, 6, 3, 7
#else
#define LOW 0, 2
#define HIGH 1, 3
#endif
#if defined(__clang__) || __GNUC__ >= 12
#define INTERLEAVED(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define INTERLEAVED(a, b, ...) __builtin_shuffle(a, b, (ivec){__VA_ARGS__})
#endif
    for (int round = LANES; round > 1; round /= 2) {
        vec y[LANES];
        for (int k = 0; k < LANES / 2; k++) {
            y[2 * k] = INTERLEAVED(x[k], x[k + LANES / 2], LOW);
            y[2 * k + 1] = INTERLEAVED(x[k], x[k + LANES / 2], HIGH);
        }
        for (int k = 0; k < LANES; k++) x[k] = y[k];
    }
}

/* The tile [row][column] of n rows whose columns stand one after the other. */
static void turn_numbers(const struct rows *X, const double *from, int64_t n, struct work *work) {
    int64_t q = X->q, width = work->dense;
    double *tile = work->tile;
    for (int64_t c = 0; c < width; c += LANES)
        for (int64_t i = 0; i < n; i += LANES) {
            vec x[LANES];
            const double *corner = from + c * X->column_stride + i;
            if (c + LANES <= q && i + LANES <= n)
                for (int k = 0; k < LANES; k++) x[k] = load(corner + k * X->column_stride);
            else
                for (int k = 0; k < LANES; k++) {
                    const double *column = corner + k * X->column_stride;
                    x[k] = every(c + k == q && X->intercept ? 1.0 : 0.0);
                    if (c + k < q && i + LANES <= n) x[k] = load(column);
                    for (int r = 0; c + k < q && i + LANES > n && i + r < n; r++) x[k][r] = column[r];
                }
            transpose(x);
            for (int k = 0; k < LANES; k++) store(tile + (i + k) * width + c, x[k]);
        }
}

/* The same of rows that stand one after the other. */
static void copy_numbers(const struct rows *X, const double *from, int64_t n, struct work *work) {
    int64_t q = X->q;
    for (int64_t i = 0; i < n; i++) {
        const double *row = from + i * X->row_stride;
        double *to = work->tile + i * work->dense;
        int64_t c = 0;
        for (; c + LANES <= q; c += LANES) store(to + c, load(row + c));
        for (; c < q; c++) to[c] = row[c];
        if (X->intercept) to[q] = 1.0;
    }
}

/* Find the numbers of the tile. Where it goes by rows they are copied or turned, with a 1 behind them and 0 up to the
 * width and beyond the last row; by columns they stay where they are, only a tile that ends early is copied. */
static void gather_numbers(const struct rows *X, int64_t start, int64_t n, struct work *work) {
    int64_t q = X->q, R = work->R, width = work->dense;
    const double *from = X->numbers + start * X->row_stride;
    double *tile = work->tile;
    if (work->by_row) {
        if (X->row_stride == 1)
            turn_numbers(X, from, n, work);
        else
            copy_numbers(X, from, n, work);
        memset(tile + n * width, 0, (R - n) * width * sizeof(double));
        return;
    }
    work->columns = n < R ? tile : from;
    work->column_step = n < R ? R : X->column_stride;
    for (int64_t j = 0; n < R && j < q; j++) {
        memcpy(tile + j * R, from + j * X->column_stride, n * sizeof(double));
        memset(tile + j * R + n, 0, (R - n) * sizeof(double));
    }
}

/* Outcomes, weights and terms of the tile. Rows beyond the last have weight 0 and a code of their own. */
static void gather_codes(const struct rows *X, int64_t start, int64_t n, struct work *work) {
    int64_t R = work->R, before = 0;
    read_codes(X->codes, X->code_size, X->code_stride, start, n, work->found);
    for (int64_t i = 0; i < n; i++) work->event[i] = (double)work->found[i];
    for (int64_t i = 0; i < n; i++) work->trials[i] = X->weights ? X->weights[(start + i) * X->weight_stride] : 1.0;
    for (int64_t i = n; i < R; i++) {
        work->event[i] = -2.0;
        work->trials[i] = 0.0;
    }
    for (int64_t t = 0; t < X->n_terms; t++) {
        const struct term *term = X->terms + t;
        int64_t *slot = work->slot + t * R;
        double *value = work->value + t * R;
        read_codes(term->codes, term->code_size, term->code_stride, start, n, work->found);
        for (int64_t i = 0; i < n; i++) slot[i] = before + term->positions[work->found[i]];
        for (int64_t i = 0; i < n; i++) value[i] = term->values ? term->values[(start + i) * term->value_stride] : 1.0;
        for (int64_t i = n; i < R; i++) {
            slot[i] = before + term->width;
            value[i] = 0.0;
        }
        before += term->width + 1;
    }
}

static void add_logits(const struct rows *X, int64_t start, int64_t n, struct work *work) {
    int64_t R = work->R, width = work->dense;
    const double *tile = work->tile, *of_slots = work->coef + X->m * width;
    for (int64_t j = 0; j < X->m; j++) {
        const double *b = work->coef + j * width;
        double *eta = work->eta + j * R;
        if (work->by_row) {
            for (int64_t i = 0; i < R; i += 4) {
                vec s[4] = {{0}};
                for (int64_t c = 0; c < width; c += LANES) {
                    vec here = load(b + c);
                    for (int k = 0; k < 4; k++) s[k] += here * load(tile + (i + k) * width + c);
                }
                for (int k = 0; k < 4; k++) eta[i + k] = total(s[k]);
            }
        } else {
            int64_t c = 0;
            for (int64_t i = 0; i < R; i++) eta[i] = X->intercept ? b[X->q] : 0.0;
            for (; c + 4 <= X->q; c += 4) {
                const double *x = work->columns + c * work->column_step;
                for (int64_t i = 0; i < R; i += LANES) {
                    vec s = load(eta + i);
                    for (int k = 0; k < 4; k++) s += b[c + k] * load(x + k * work->column_step + i);
                    store(eta + i, s);
                }
            }
            for (; c < X->q; c++) {
                const double *x = work->columns + c * work->column_step;
                for (int64_t i = 0; i < R; i += LANES) store(eta + i, load(eta + i) + b[c] * load(x + i));
            }
        }
        for (int64_t t = 0; t < X->n_terms; t++) {
            const int64_t *slot = work->slot + t * R;
            const double *value = work->value + t * R;
            for (int64_t i = 0; i < R; i++) eta[i] += value[i] * of_slots[j * work->slots + slot[i]];
        }
        if (X->offset) {
            const double *offset = X->offset + j * X->offset_equation_stride + start * X->offset_row_stride;
            for (int64_t i = 0; i < n; i++) eta[i] += offset[i * X->offset_row_stride];
        }
    }
}

static void add_score(const struct rows *X, struct work *work) {
    int64_t R = work->R, width = work->dense;
    const double *tile = work->tile;
    for (int64_t j = 0; j < X->m; j++) {
        const double *r = work->eta + j * R;
        double *score = work->score + j * width;
        if (work->by_row) {
            int64_t c = 0;
            for (; c + 4 * LANES <= width; c += 4 * LANES) {
                vec s[4] = {{0}};
                for (int64_t i = 0; i < R; i++)
                    for (int k = 0; k < 4; k++) s[k] += r[i] * load(tile + i * width + c + k * LANES);
                for (int k = 0; k < 4; k++) store(score + c + k * LANES, load(score + c + k * LANES) + s[k]);
            }
            for (; c < width; c += LANES) {
                vec even = {0}, odd = {0};
                for (int64_t i = 0; i < R; i += 2) {
                    even += r[i] * load(tile + i * width + c);
                    odd += r[i + 1] * load(tile + (i + 1) * width + c);
                }
                store(score + c, load(score + c) + (even + odd));
            }
        } else {
            for (int64_t c = 0; c < X->q; c++) {
                const double *x = work->columns + c * work->column_step;
                vec even = {0}, odd = {0};
                for (int64_t i = 0; i < R; i += 2 * LANES) {
                    even += load(r + i) * load(x + i);
                    odd += load(r + i + LANES) * load(x + i + LANES);
                }
                score[c] += total(even + odd);
            }
            vec sum = {0};
            for (int64_t i = 0; i < R; i += LANES) sum += load(r + i);
            if (X->intercept) score[X->q] += total(sum);
        }
        double *of_slots = work->score + X->m * width + j * work->slots;
        for (int64_t t = 0; t < X->n_terms; t++) {
            const int64_t *slot = work->slot + t * R;
            const double *value = work->value + t * R;
            for (int64_t i = 0; i < R; i++) of_slots[slot[i]] += value[i] * r[i];
        }
    }
}

/* Lines of memory to be fetched before they are needed: runs of `run` lines, each `step` doubles behind the one before,
 * and how many of them now. */
struct ahead {
    const double *from;
    int64_t run, step, line, quota;
};

INLINE void fetch(struct ahead *ahead) {
    if (!ahead->quota) return;
    __builtin_prefetch(ahead->from + ahead->line * LINE, 0, 3);
    ahead->quota--;
    if (++ahead->line == ahead->run) {
        ahead->line = 0;
        ahead->from += ahead->step;
    }
}

/* Prepare to fetch the numbers of the tile from `start` while another is worked on. */
static void look_ahead(const struct rows *X, int64_t R, int64_t start, struct ahead *ahead) {
    /* Columns seldom begin where a line does. */
    int64_t by_column = X->row_stride == 1, run = by_column ? R / LINE + 1 : (R - 1) * X->row_stride / LINE + 1;
    *ahead = (struct ahead){X->numbers + start * X->row_stride, run, X->column_stride, 0, by_column ? X->q * run : run};
    if (start + R > X->n) ahead->quota = 0;
}

/* to[a][b] += sum over rows of left[row][a] right[row][b], for n_a columns a and n_b LANES columns b; meanwhile
 * lines of memory are fetched, more of them beside more work. */
INLINE void add_block(const double *left, int64_t of_left, const double *right, int64_t of_right, int64_t n,
                      double *to, struct ahead *ahead, const int n_a, const int n_b) {
    vec s[BLOCK_A][BLOCK_B];
    for (int a = 0; a < n_a; a++)
        for (int b = 0; b < n_b; b++) s[a][b] = (vec){0};
    for (int64_t i = 0; i < n; i++) {
        if (n_b == BLOCK_B || i % 4 == 0) fetch(ahead);
        vec x[BLOCK_B];
        for (int b = 0; b < n_b; b++) x[b] = load(right + i * of_right + b * LANES);
        for (int a = 0; a < n_a; a++) {
            vec z = every(left[i * of_left + a]);
            for (int b = 0; b < n_b; b++) s[a][b] += z * x[b];
        }
    }
    for (int a = 0; a < n_a; a++)
        for (int b = 0; b < n_b; b++) {
            double *here = to + a * of_right + b * LANES;
            store(here, load(here) + s[a][b]);
        }
}

/* The same for n_a columns a and the first `end` columns b. */
INLINE void add_strip(const double *left, int64_t of_left, const double *right, int64_t of_right, int64_t n, int64_t end,
                      double *to, struct ahead *ahead, const int n_a) {
    int64_t b = 0;
    for (; b + BLOCK_B * LANES <= end; b += BLOCK_B * LANES)
        add_block(left, of_left, right + b, of_right, n, to + b, ahead, n_a, BLOCK_B);
    int64_t rest = (end - b) / LANES;
    if (BLOCK_B > 2 && rest == 2) add_block(left, of_left, right + b, of_right, n, to + b, ahead, n_a, 2);
    if (rest == 1) add_block(left, of_left, right + b, of_right, n, to + b, ahead, n_a, 1);
}

/* to += left' right for n rows of `of_left` columns, of which the first `n_left` count, and `of_right`; `lower`: of a
 * symmetric product at least the lower triangle. */
static void add_product(const double *left, int64_t of_left, int64_t n_left, const double *right, int64_t of_right,
                        int64_t n, int lower, double *to, struct ahead *ahead) {
    for (int64_t a = 0; a < n_left; a += BLOCK_A) {
        int64_t end = lower ? padded(a + BLOCK_A, LANES) : of_right;
        if (end > of_right) end = of_right;
        if (n_left - a > BLOCK_A / 2)
            add_strip(left + a, of_left, right, of_right, n, end, to + a * of_right, ahead, BLOCK_A);
        else
            add_strip(left + a, of_left, right, of_right, n, end, to + a * of_right, ahead, BLOCK_A / 2);
    }
}

/* scaled[row] = w[row] * rows[row]. */
static void scale_rows(const double *rows, const double *w, int64_t n, int64_t width, double *scaled) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t c = 0; c < width; c += LANES)
            store(scaled + i * width + c, w[i] * load(rows + i * width + c));
}

/* What the terms of the tile's rows add: products with the numbers, and tables of one with another (the lower half). */
static void add_tables(const struct rows *X, struct work *work, const double *w, double *cross, double *table) {
    int64_t width = work->dense;
    for (int64_t t = 0; t < X->n_terms; t++) {
        const int64_t *slot = work->slot + t * work->R;
        const double *value = work->value + t * work->R;
        for (int64_t i = 0; i < work->R; i++) {
            double *to = cross + slot[i] * width;
            double weight = w[i] * value[i];
            const double *x = work->tile + i * width;
            for (int64_t c = 0; c < width; c += LANES) store(to + c, load(to + c) + weight * load(x + c));
        }
        for (int64_t u = 0; u <= t; u++) {
            const int64_t *other = work->slot + u * work->R;
            const double *times = work->value + u * work->R;
            for (int64_t i = 0; i < work->R; i++)
                table[slot[i] * work->slots + other[i]] += w[i] * value[i] * times[i];
        }
    }
}

/* Losses of the tile's rows, their residuals from order 1 on; at order 2 their weights in the information, and
 * the moments: row j, column k of the first K K is the sum of p_k over trials that ended in j, then come squared
 * error, sum and sum of squares of the first logit. */
static void two_outcomes(struct work *work, int order, double *loglik, double *smallest) {
    vec sum = {0}, least = every(*smallest), zero = {0};
    vec events = {0}, others = {0}, of_events = {0}, of_others = {0}, error = {0}, first = {0}, squared = {0};
    for (int64_t i = 0; i < work->R; i += LANES) {
        vec code = load(work->event + i), trials = load(work->trials + i), eta = load(work->eta + i);
        ivec happened = code > zero;
        /* s is the logit of what happened: its loss is log(1 + e^-s), its residual the complement 1/(1 + e^s). */
        vec s = pick(happened, eta, -eta);
        vec tail = exp_of_negative(-(vec)((ivec)s & INT64_MAX));
        sum += trials * (log1p_of_unit(tail) - pick(s < zero, s, zero));
        if (order == 0) continue;
        /* p and 1 - p, each with full relative accuracy. */
        vec near = 1.0 / (1.0 + tail), far = tail * near;
        vec missed = pick(s >= zero, far, near);
        store(work->eta + i, trials * pick(happened, missed, -missed));
        if (order == 1) continue;
        vec weight = trials * (near * far);
        store(work->row_weight + i, weight);
        least = pick((weight < least) & (code > every(-1.0)), weight, least);
        vec wrong = trials * missed;
        events += pick(happened, trials, zero);
        others += pick(happened, zero, trials);
        of_events += pick(happened, wrong, zero);
        of_others += pick(happened, zero, wrong);
        error += wrong * missed;
        first += trials * eta;
        squared += trials * eta * eta;
    }
    if (order == 2) {
        double *moments = work->moments;
        moments[0] += total(others - of_others);
        moments[1] += total(of_others);
        moments[2] += total(of_events);
        moments[3] += total(events - of_events);
        moments[4] += 2.0 * total(error);
        moments[5] += total(first);
        moments[6] += total(squared);
    }
    *loglik -= total(sum);
    for (int k = 0; k < LANES; k++)
        if (least[k] < *smallest) *smallest = least[k];
}

static void many_outcomes(struct work *work, int64_t m, int order, double *loglik, double *smallest) {
    int64_t R = work->R, n_moments = (m + 1) * (m + 1) + 3;
    vec sum = {0}, least = every(*smallest), zero = {0}, one = every(1.0);
    double *moments = work->lanes, *error = moments + (n_moments - 3) * LANES;
    if (order == 2) memset(moments, 0, n_moments * LANES * sizeof(double));
    for (int64_t i = 0; i < R; i += LANES) {
        double *eta = work->eta + i;
        vec code = load(work->event + i), trials = load(work->trials + i), shift = zero, logit = load(eta);
        for (int64_t j = 0; j < m; j++) {
            vec x = load(eta + j * R);
            shift = pick(x > shift, x, shift);
        }
        /* What speaks against the observed outcome is summed without it: neither loss nor residual cancels. */
        vec base = exp_of_negative(-shift), own = -shift, own_odds = base;
        vec against = pick(code <= zero, zero, base);
        for (int64_t j = 0; j < m; j++) {
            ivec here = code == every((double)(j + 1));
            vec x = load(eta + j * R) - shift, odds = exp_of_negative(x);
            own = pick(here, x, own);
            own_odds = pick(here, odds, own_odds);
            against += pick(here, zero, odds);
            store(eta + j * R, odds);
        }
        /* log(1 + against/own), the unlikely outcome's from its logit itself, which keeps its digits. */
        ivec likely = against <= own_odds;
        vec ratio = pick(likely, against, own_odds) / pick(likely, own_odds, against);
        sum += trials * (log1p_of_unit(ratio) + pick(likely, zero, log_of_normal(against) - own));
        if (order == 0) continue;
        vec inverse = 1.0 / (against + own_odds);
        if (order == 2) {
            /* The complement of the largest, whose odds are exactly 1, is the sum of the others. */
            vec rest = pick(base >= one, zero, base), ties = pick(base >= one, one, zero), low = base;
            for (int64_t j = 0; j < m; j++) {
                vec odds = load(eta + j * R);
                rest += pick(odds >= one, zero, odds);
                ties += pick(odds >= one, one, zero);
                low = pick(odds < low, odds, low);
            }
            rest += ties - 1.0;
            double *weight = work->row_weight + i;
            for (int64_t j = 0; j < m; j++) {
                vec odds = load(eta + j * R), p = odds * inverse;
                vec q = pick(odds >= one, rest * inverse, 1.0 - p);
                for (int64_t k = 0; k < j; k++, weight += R)
                    store(weight, -(trials * p) * (load(eta + k * R) * inverse));
                store(weight, trials * p * q);
                weight += R;
            }
            /* v' (diag(p) - p p') v >= p_0 sum_j p_j v_j^2 >= (min p)^2 |v|^2. */
            vec bound = trials * (low * inverse) * (low * inverse);
            least = pick((bound < least) & (code > every(-1.0)), bound, least);
            /* Sum over outcomes of (y - p)^2: (1 - p)^2 of the one that happened, p^2 of the others. */
            vec missed = against * inverse, hit = own_odds * inverse, squares = missed * missed - hit * hit;
            for (int64_t k = 0; k <= m; k++) {
                vec p = (k ? load(eta + (k - 1) * R) : base) * inverse, weighted = trials * p;
                squares += p * p;
                for (int64_t j = 0; j <= m; j++) {
                    double *to = moments + (j * (m + 1) + k) * LANES;
                    store(to, load(to) + pick(code == every((double)j), weighted, zero));
                }
            }
            store(error, load(error) + trials * squares);
            store(error + LANES, load(error + LANES) + trials * logit);
            store(error + 2 * LANES, load(error + 2 * LANES) + trials * logit * logit);
        }
        vec scale = trials * inverse;
        for (int64_t j = 0; j < m; j++) {
            ivec here = code == every((double)(j + 1));
            store(eta + j * R, scale * pick(here, against, -load(eta + j * R)));
        }
    }
    if (order == 2)
        for (int64_t k = 0; k < n_moments; k++) work->moments[k] += total(load(moments + k * LANES));
    *loglik -= total(sum);
    for (int k = 0; k < LANES; k++)
        if (least[k] < *smallest) *smallest = least[k];
}

/* Where slot s of the terms stands among the columns behind the dense ones, -1 for none. */
static void slot_columns(const struct rows *X, int64_t *columns) {
    int64_t column = X->q + X->intercept;
    for (int64_t t = 0; t < X->n_terms; t++) {
        for (int64_t k = 0; k < X->terms[t].width; k++) *columns++ = column++;
        *columns++ = -1;
    }
}

static void spread(double *information, int64_t size, int64_t p, int64_t j, int64_t k, int64_t a, int64_t b, double v) {
    information[(j * p + a) * size + k * p + b] = v;
    information[(j * p + b) * size + k * p + a] = v;
    information[(k * p + a) * size + j * p + b] = v;
    information[(k * p + b) * size + j * p + a] = v;
}

static void write_information(const struct rows *X, const struct work *work, double *to) {
    const int64_t *columns = work->slot_column, p = work->p;
    int64_t m = X->m, size = m * p, width = work->dense, slots = work->slots, dense = X->q + X->intercept;
    const int64_t *order = X->order;
    for (int64_t j = 0, pair = 0; j < m; j++)
        for (int64_t k = 0; k <= j; k++, pair++) {
            const double *square = work->square + pair * width * width;
            const double *cross = work->cross + pair * slots * width, *table = work->table + pair * slots * slots;
            for (int64_t a = 0; a < dense; a++)
                for (int64_t b = 0; b <= a; b++) spread(to, size, p, j, k, order[a], order[b], square[a * width + b]);
            for (int64_t s = 0; s < slots; s++) {
                if (columns[s] < 0) continue;
                int64_t a = order[columns[s]];
                for (int64_t b = 0; b < dense; b++) spread(to, size, p, j, k, a, order[b], cross[s * width + b]);
                for (int64_t r = 0; r <= s; r++)
                    if (columns[r] >= 0) spread(to, size, p, j, k, a, order[columns[r]], table[s * slots + r]);
            }
        }
}

/* The next `count` doubles of the scratch; with `memory` NULL they are only counted. */
static double *take(double *memory, size_t *used, int64_t count) {
    double *here = memory ? memory + *used : NULL;
    *used += padded(count, 8);
    return here;
}

static void lay_out(const struct rows *X, int order, double *memory, size_t *used, struct work *work) {
    int64_t R = work->R, width = work->dense, m = X->m, pairs = order == 2 ? m * (m + 1) / 2 : 0;
    *used = 0;
    work->tile = take(memory, used, R * width);
    work->scaled = take(memory, used, order < 2 ? 0 : R * width);
    work->eta = take(memory, used, m * R);
    work->row_weight = take(memory, used, pairs * R);
    work->event = take(memory, used, R);
    work->trials = take(memory, used, R);
    work->coef = take(memory, used, m * (width + work->slots));
    work->score = take(memory, used, m * (width + work->slots));
    work->found = (int64_t *)take(memory, used, R);
    work->slot_column = (int64_t *)take(memory, used, work->slots);
    work->slot = (int64_t *)take(memory, used, X->n_terms * R);
    work->value = take(memory, used, X->n_terms * R);
    work->moments = take(memory, used, (m + 1) * (m + 1) + 3);
    work->lanes = take(memory, used, ((m + 1) * (m + 1) + 3) * LANES);
    work->square = take(memory, used, pairs * width * width);
    work->cross = take(memory, used, pairs * work->slots * width);
    work->table = take(memory, used, pairs * work->slots * work->slots);
}

/* Choose the size of tiles, take the memory and spread the coefficients. Returns the memory, NULL if there is none. */
static double *set_up(const struct rows *X, int order, const double *coef, struct work *work) {
    int64_t m = X->m, dense = X->q + X->intercept, p = dense;
    for (int64_t t = 0; t < X->n_terms; t++) {
        p += X->terms[t].width;
        work->slots += X->terms[t].width + 1;
    }
    work->p = p;
    work->by_row = X->row_stride != 1 || order == 2;
    work->dense = padded(dense, LANES > BLOCK_A ? LANES : BLOCK_A);
    int64_t size = order < 2 ? TILE_SIZE : WEIGHTED_TILE_SIZE;
    int64_t R = work->dense ? size / work->dense / (2 * LANES) * (2 * LANES) : MOST_ROWS;
    if (R < FEWEST_ROWS) R = FEWEST_ROWS;
    if (R > MOST_ROWS) R = MOST_ROWS;
    if (R > padded(X->n, FEWEST_ROWS)) R = padded(X->n, FEWEST_ROWS);
    if (!work->by_row && X->n >= COLUMN_RUN) R = COLUMN_RUN / R * R;
    work->R = R;

    size_t used;
    lay_out(X, order, NULL, &used, work);
    double *memory = calloc(used + 8, sizeof(double));
    if (!memory) return NULL;
    lay_out(X, order, (double *)(((uintptr_t)memory + 63) / 64 * 64), &used, work);
    slot_columns(X, work->slot_column);
    for (int64_t j = 0; j < m; j++) {
        double *b = work->coef + j * work->dense, *of_slots = work->coef + m * work->dense + j * work->slots;
        for (int64_t a = 0; a < dense; a++) b[a] = coef[j * p + X->order[a]];
        for (int64_t s = 0; s < work->slots; s++)
            if (work->slot_column[s] >= 0) of_slots[s] = coef[j * p + X->order[work->slot_column[s]]];
    }
    return memory;
}

static void write_score(const struct rows *X, const struct work *work, double *to) {
    int64_t dense = X->q + X->intercept;
    for (int64_t j = 0; j < X->m; j++, to += work->p) {
        const double *score = work->score + j * work->dense, *of_slots = work->score + X->m * work->dense + j * work->slots;
        for (int64_t a = 0; a < dense; a++) to[X->order[a]] = score[a];
        for (int64_t s = 0; s < work->slots; s++)
            if (work->slot_column[s] >= 0) to[X->order[work->slot_column[s]]] = of_slots[s];
    }
}

/* Sums over rows at coefficients (m, p). out: log-likelihood, smallest weight, score (m, p) from order 1 on,
 * information (m p, m p) and moments ((m + 1)^2 + 3) at order 2. Returns 0, or 1 if there is no memory. */
EXPORTED int NAMED(logreg_rows, VARIANT)(const struct rows *X, const double *coef, int64_t order, double *out) {
    struct work work = {0};
    double *memory = set_up(X, (int)order, coef, &work);
    if (!memory) return 1;
    int64_t m = X->m, R = work.R;
    double loglik = 0.0, smallest = __builtin_inf();
    struct ahead ahead = {0};
    for (int64_t start = 0; start < X->n; start += R) {
        int64_t n = X->n - start < R ? X->n - start : R;
        if (order == 2) look_ahead(X, R, start + R, &ahead);
        gather_numbers(X, start, n, &work);
        gather_codes(X, start, n, &work);
        add_logits(X, start, n, &work);
        if (m == 1)
            two_outcomes(&work, (int)order, &loglik, &smallest);
        else
            many_outcomes(&work, m, (int)order, &loglik, &smallest);
        if (order >= 1) add_score(X, &work);
        if (order < 2) continue;
        for (int64_t pair = 0; pair < m * (m + 1) / 2; pair++) {
            const double *w = work.row_weight + pair * R;
            scale_rows(work.tile, w, R, work.dense, work.scaled);
            add_product(work.scaled, work.dense, X->q + X->intercept, work.tile, work.dense, R, 1,
                        work.square + pair * work.dense * work.dense, &ahead);
            add_tables(X, &work, w, work.cross + pair * work.slots * work.dense,
                       work.table + pair * work.slots * work.slots);
        }
    }
    out[0] = loglik;
    out[1] = smallest;
    if (order >= 1) write_score(X, &work, out + 2);
    if (order == 2) {
        double *information = out + 2 + m * work.p;
        write_information(X, &work, information);
        memcpy(information + m * work.p * m * work.p, work.moments, ((m + 1) * (m + 1) + 3) * sizeof(double));
    }
    free(memory);
    return 0;
}

/* z[row][s] for 4 rows of p numbers and n_k LANES columns s of the root, and their squares added to h. */
INLINE void find_block(const double *rows, int64_t width, const double *root, int64_t p, int64_t f, double *z, double *h,
                       const int n_k) {
    vec s[4][4];
    for (int r = 0; r < 4; r++)
        for (int k = 0; k < n_k; k++) s[r][k] = (vec){0};
    for (int64_t c = 0; c < p; c++) {
        vec here[4];
        for (int k = 0; k < n_k; k++) here[k] = load(root + c * f + k * LANES);
        for (int r = 0; r < 4; r++) {
            vec x = every(rows[r * width + c]);
            for (int k = 0; k < n_k; k++) s[r][k] += x * here[k];
        }
    }
    for (int r = 0; r < 4; r++) {
        vec squares = {0};
        for (int k = 0; k < n_k; k++) {
            store(z + r * f + k * LANES, s[r][k]);
            squares += s[r][k] * s[r][k];
        }
        h[r] += total(squares);
    }
}

/* z (n, f) = rows (n, p) root (p, f), and h its squared lengths; rows stand `width` apart. */
static void find_roots(const double *rows, int64_t width, const double *root, int64_t n, int64_t p, int64_t f, double *z,
                       double *h) {
    memset(h, 0, n * sizeof(double));
    for (int64_t i = 0; i < n; i += 4, rows += 4 * width, z += 4 * f) {
        int64_t k = 0;
        for (; k + 4 * LANES <= f; k += 4 * LANES) find_block(rows, width, root + k, p, f, z + k, h + i, 4);
        for (; k + 2 * LANES <= f; k += 2 * LANES) find_block(rows, width, root + k, p, f, z + k, h + i, 2);
        for (; k < f; k += LANES) find_block(rows, width, root + k, p, f, z + k, h + i, 1);
    }
}

/* What Jeffreys' penalty adds for two outcomes and numbers alone (logreg/engine/firth.py has the formulas), given
 * root (p, f). curvature: 0 none, 1 that of pseudo-observations unless all of them weigh at most `small`, 2 exact.
 * out: the heaviest, score (p,), then curvature (p, p), then thirds (p, f (f + 1) / 2). */
EXPORTED int NAMED(logreg_penalty, VARIANT)(const struct rows *X, const double *coef, const double *root, int64_t n_root,
                                            int64_t curvature, double small, double *out) {
    struct work work = {0};
    double *memory = set_up(X, 2, coef, &work);
    if (!memory) return 1;
    int64_t R = work.R, width = work.dense, p = work.p, f = padded(n_root, LANES);
    int64_t t = curvature == 2 ? n_root * (n_root + 1) / 2 : 0, of_products = padded(t, LANES);
    int64_t sizes[] = {width * f, R * f + LANES, R, R, R * of_products + LANES, width * of_products};
    size_t used = 0;
    for (int k = 0; k < 6; k++) used += padded(sizes[k], 8);
    double *further = calloc(used + 8, sizeof(double));
    if (!further) {
        free(memory);
        return 1;
    }
    double *parts[6], *from = (double *)(((uintptr_t)further + 63) / 64 * 64);
    used = 0;
    for (int k = 0; k < 6; k++) parts[k] = take(from, &used, sizes[k]);
    double *spread_root = parts[0], *z = parts[1], *h = parts[2], *cubes = parts[3];
    double *products = parts[4], *thirds = parts[5], heaviest = 0.0;
    struct ahead nothing = {0};
    for (int64_t a = 0; a < p; a++) memcpy(spread_root + a * f, root + X->order[a] * n_root, n_root * sizeof(double));
    for (int64_t start = 0; start < X->n; start += R) {
        int64_t n = X->n - start < R ? X->n - start : R;
        gather_numbers(X, start, n, &work);
        gather_codes(X, start, n, &work);
        add_logits(X, start, n, &work);
        find_roots(work.tile, width, spread_root, R, p, f, z, h);
        int heavy = curvature == 2;
        for (int64_t i = 0; i < R; i += LANES) {
            vec eta = load(work.eta + i), weight = load(work.trials + i), zero = {0};
            vec tail = exp_of_negative(-(vec)((ivec)eta & INT64_MAX)), near = 1.0 / (1.0 + tail), far = tail * near;
            vec pq = near * far, apart = pick(eta >= zero, far - near, near - far), leverage = pq * load(h + i);
            store(work.eta + i, 0.5 * weight * leverage * apart);
            store(cubes + i, weight * pq * apart);
            if (curvature == 1) store(work.row_weight + i, weight * pq * leverage);
            if (curvature == 2) store(work.row_weight + i, -0.5 * weight * leverage * (1.0 - 6.0 * pq));
            leverage = pick(weight > zero, leverage, zero);
            for (int k = 0; k < LANES; k++) {
                if (leverage[k] > heaviest) heaviest = leverage[k];
                if (leverage[k] > small) heavy = 1;
            }
        }
        if (curvature == 2) {
            for (int64_t i = 0; i < R; i++) {
                /* Each row of the triangle writes over what the one before wrote beyond its end. */
                double *to = products + i * of_products;
                const double *here = z + i * f;
                for (int64_t r = 0; r < n_root; to += n_root - r, r++) {
                    double twice = here[r] * 0x1.6a09e667f3bcdp+0;
                    for (int64_t s = r; s < n_root; s += LANES) store(to + s - r, twice * load(here + s));
                    to[0] = here[r] * here[r];
                }
                for (int64_t k = t; k < of_products; k++) products[i * of_products + k] = 0.0;
            }
            scale_rows(work.tile, cubes, R, width, work.scaled);
            add_product(work.scaled, width, p, products, of_products, R, 0, thirds, &nothing);
        }
        if (curvature && heavy) {
            scale_rows(work.tile, work.row_weight, R, width, work.scaled);
            add_product(work.scaled, width, p, work.tile, width, R, 1, work.square, &nothing);
        }
        add_score(X, &work);
    }
    out[0] = heaviest;
    write_score(X, &work, out + 1);
    if (curvature) write_information(X, &work, out + 1 + p);
    for (int64_t a = 0; a < p && t; a++)
        memcpy(out + 1 + p + p * p + X->order[a] * t, thirds + a * of_products, t * sizeof(double));
    free(further);
    free(memory);
    return 0;
}

/* Of the information (p, p): a root L with L L' its inverse, and half its log-determinant, by Cholesky's method on the
 * matrix scaled to unit diagonal. Returns 0, or 1 where it is not positive definite beyond doubt. */
static int find_root(const double *information, int64_t p, double *scale, double *factor, double *root, double *half) {
    memcpy(factor, information, p * p * sizeof(double));
    for (int64_t i = 0; i < p; i++) {
        scale[i] = 1.0 / __builtin_sqrt(factor[i * p + i]);
        if (!(scale[i] > 0.0 && scale[i] < __builtin_inf())) return 1;
    }
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = 0; j < p; j++) factor[i * p + j] *= scale[i] * scale[j];
    /* factor becomes U with U'U the scaled matrix, row by row. */
    for (int64_t k = 0; k < p; k++) {
        double *row = factor + k * p, pivot = __builtin_sqrt(row[k]);
        if (!(row[k] > SMALLEST_PIVOT)) return 1;
        for (int64_t j = k; j < p; j++) row[j] /= pivot;
        for (int64_t i = k + 1; i < p; i++)
            for (int64_t j = i; j < p; j++) factor[i * p + j] -= row[i] * row[j];
    }
    /* The inverse of U, from its last row on. */
    memset(root, 0, p * p * sizeof(double));
    *half = 0.0;
    for (int64_t i = p - 1; i >= 0; i--) {
        const double *row = factor + i * p;
        double *to = root + i * p;
        to[i] = 1.0;
        for (int64_t k = i + 1; k < p; k++)
            for (int64_t j = k; j < p; j++) to[j] -= row[k] * root[k * p + j];
        for (int64_t j = i; j < p; j++) to[j] /= row[i];
        *half += log_of_normal(every(row[i] / scale[i]))[0];
    }
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = i; j < p; j++) root[i * p + j] *= scale[i];
    return 0;
}

/* Both of the functions above, the root between them found here: two outcomes and numbers alone. out: half the
 * log-determinant, then what the one writes, then the other. Returns 0, 1 if there is no memory, 2 where the information
 * is not positive definite beyond doubt. */
EXPORTED int NAMED(logreg_penalised, VARIANT)(const struct rows *X, const double *coef, int64_t curvature, double small,
                                              double *out) {
    /* Two outcomes have 2 x 2 + 3 moments. */
    int64_t p = X->q + X->intercept, n_likelihood = 2 + p + p * p + 7;
    if (NAMED(logreg_rows, VARIANT)(X, coef, 2, out + 1)) return 1;
    double *memory = malloc((p + 2 * p * p) * sizeof(double));
    if (!memory) return 1;
    double *root = memory + p + p * p;
    int failed = find_root(out + 3 + p, p, memory, memory + p, root, out) ? 2 : 0;
    if (!failed)
        failed = NAMED(logreg_penalty, VARIANT)(X, coef, root, p, curvature, small, out + 1 + n_likelihood);
    free(memory);
    return failed;
}
