#include "predict/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/reader.h"
#include "lt/convert.h"

enum { NPY_HEADER = 256 };

// ---- elements -----------------------------------------------------------------------------------

static int64_t elements_of(const struct lt_output *output)
{
    int64_t count = 1;
    for (int axis = 0; axis < output->rank; axis++)
        count *= output->shape[axis];
    return count;
}

static void print_float(FILE *file, double value)
{
    fprintf(file, "%.9g", value);
}

static void print_element(FILE *file, enum lt_dtype dtype, const void *array, int64_t i)
{
    switch (dtype) {
    case LT_F64:
        fprintf(file, "%.17g", ((const double *)array)[i]);
        return;
    case LT_F32:
        print_float(file, (double)((const float *)array)[i]);
        return;
    case LT_F16:
        print_float(file, (double)lt_f32_from_f16(((const uint16_t *)array)[i]));
        return;
    case LT_BF16:
        print_float(file, (double)lt_f32_from_bf16(((const uint16_t *)array)[i]));
        return;
    case LT_I64:
        fprintf(file, "%" PRId64, ((const int64_t *)array)[i]);
        return;
    case LT_I32:
        fprintf(file, "%" PRId32, ((const int32_t *)array)[i]);
        return;
    case LT_I16:
        fprintf(file, "%d", ((const int16_t *)array)[i]);
        return;
    case LT_I8:
        fprintf(file, "%d", ((const int8_t *)array)[i]);
        return;
    case LT_U8:
    case LT_BOOL:
        fprintf(file, "%d", ((const uint8_t *)array)[i]);
    }
}

// ---- .npy ---------------------------------------------------------------------------------------

// NumPy has no bf16, so that is widened.
static const char *npy_type(enum lt_dtype dtype)
{
    static const char *const types[] = {
        [LT_F64] = "<f8", [LT_F32] = "<f4", [LT_F16] = "<f2", [LT_BF16] = "<f4",
        [LT_I64] = "<i8", [LT_I32] = "<i4", [LT_I16] = "<i2", [LT_I8] = "|i1",
        [LT_U8] = "|u1",  [LT_BOOL] = "|b1",
    };
    return types[dtype];
}

// The header (NumPy's format 1.0) has a fixed length, so that it can be written again at the end,
// when the number of rows is known.
static void npy_header(FILE *file, const struct lt_output *output, int64_t rows)
{
    char header[NPY_HEADER], shape[LT_MAX_RANK * 24 + 32];
    int size = 0;
    if (output->per_row)
        size += snprintf(shape, sizeof shape, "%" PRId64 ",", rows);
    for (int axis = 0; axis < output->rank; axis++)
        size += snprintf(shape + size, sizeof shape - (size_t)size, "%" PRId64 ",",
                         output->shape[axis]);
    shape[size] = '\0';

    memset(header, ' ', sizeof header);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(unsigned char)((NPY_HEADER - 10) & 0xFF);
    header[9] = 0;
    char text[NPY_HEADER];
    const int length = snprintf(text, sizeof text - 11,
                                "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                                npy_type(output->dtype), shape);
    memcpy(header + 10, text, (size_t)length);
    header[NPY_HEADER - 1] = '\n';
    fwrite(header, 1, sizeof header, file);
}

static void npy_elements(FILE *file, const struct lt_output *output, const void *array,
                         int64_t count)
{
    if (output->dtype != LT_BF16) {
        fwrite(array, lt_dtype_bytes(output->dtype), (size_t)count, file);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        const float wide = lt_f32_from_bf16(((const uint16_t *)array)[i]);
        fwrite(&wide, sizeof wide, 1, file);
    }
}

// ---- .csv ---------------------------------------------------------------------------------------

static void csv_header(FILE *file, const struct lt_program *program)
{
    const char *comma = "";
    for (int i = 0; i < program->output_count; i++) {
        const struct lt_output *output = &program->output[i];
        const int64_t count = elements_of(output);
        for (int64_t j = 0; output->per_row && j < count; j++, comma = ",")
            if (output->rank == 0)
                fprintf(file, "%s%s", comma, output->name);
            else
                fprintf(file, "%s%s_%" PRId64, comma, output->name, j);
    }
    fputc('\n', file);
}

static void csv_row(FILE *file, const struct lt_output_writer *writer, int64_t row)
{
    const char *comma = "";
    for (int i = 0; i < writer->program->output_count; i++) {
        const struct lt_output *output = &writer->program->output[i];
        const int64_t count = elements_of(output);
        for (int64_t j = 0; output->per_row && j < count; j++, comma = ",") {
            fputs(comma, file);
            print_element(file, output->dtype, writer->array[i], row * count + j);
        }
    }
    fputc('\n', file);
}

// ---- files --------------------------------------------------------------------------------------

static bool ends_in(const char *path, const char *ending)
{
    const size_t length = strlen(path), tail = strlen(ending);
    return length > tail && strcmp(path + length - tail, ending) == 0;
}

static bool open_file(struct lt_output_file *to, const char *path, const char *between,
                      struct lt_fault *fault)
{
    const size_t size = strlen(path) + strlen(between) + 24;
    const int stem = (int)strlen(path) - 4;             // both endings have four letters
    to->path = malloc(size);
    to->partial = malloc(size);
    if (!to->path || !to->partial)
        return lt_fail(fault, "no memory to write %s", path);
    snprintf(to->path, size, "%.*s%s%s%s", stem, path, *between ? "." : "", between, path + stem);
    snprintf(to->partial, size, "%s.%ld.tmp", to->path, (long)getpid());
    to->file = fopen(to->partial, "wb");
    return to->file || lt_fail(fault, "%s: cannot be written: %s", to->path, strerror(errno));
}

static bool make_arrays(struct lt_output_writer *writer, int64_t batch, struct lt_fault *fault)
{
    const struct lt_program *program = writer->program;
    writer->array = calloc((size_t)program->output_count + 1, sizeof *writer->array);
    for (int i = 0; writer->array && i < program->output_count; i++) {
        const struct lt_output *output = &program->output[i];
        const size_t rows = output->per_row ? (size_t)batch : 1;
        const size_t bytes = rows * (size_t)elements_of(output) * lt_dtype_bytes(output->dtype);
        writer->array[i] = aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
        if (!writer->array[i])
            return lt_fail(fault, "no memory for the results of a batch");
    }
    return writer->array || lt_fail(fault, "no memory for the results of a batch");
}

bool lt_output_open(struct lt_output_writer *writer, const struct lt_program *program,
                    const char *path, int64_t batch, struct lt_fault *fault)
{
    *writer = (struct lt_output_writer){.program = program, .csv = ends_in(path, ".csv")};
    if (!writer->csv && !ends_in(path, ".npy"))
        return lt_fail(fault, "--output %s: the name has to end in .npy or .csv", path);
    const int files = writer->csv ? 1 : program->output_count;
    writer->file = calloc((size_t)files + 1, sizeof *writer->file);
    if (!writer->file || !make_arrays(writer, batch, fault))
        return lt_fail(fault, "no memory for the results");
    for (int i = 0; i < files; i++) {
        writer->file_count = i + 1;
        if (!open_file(&writer->file[i], path, files > 1 ? program->output[i].name : "", fault))
            return false;
        if (writer->csv)
            csv_header(writer->file[i].file, program);
        else
            npy_header(writer->file[i].file, &program->output[i], 0);
    }
    return true;
}

static bool check_files(const struct lt_output_writer *writer, struct lt_fault *fault)
{
    for (int i = 0; i < writer->file_count; i++)
        if (ferror(writer->file[i].file))
            return lt_fail(fault, "%s: cannot be written: %s", writer->file[i].path,
                           strerror(errno));
    return true;
}

bool lt_output_rows(struct lt_output_writer *writer, int64_t rows, struct lt_fault *fault)
{
    for (int64_t row = 0; writer->csv && row < rows; row++)
        csv_row(writer->file[0].file, writer, row);
    for (int i = 0; !writer->csv && i < writer->file_count; i++) {
        const struct lt_output *output = &writer->program->output[i];
        if (output->per_row)
            npy_elements(writer->file[i].file, output, writer->array[i],
                         rows * elements_of(output));
        writer->file[i].rows += rows;
    }
    return check_files(writer, fault);
}

static void complete_npy(struct lt_output_writer *writer, int i)
{
    const struct lt_output *output = &writer->program->output[i];
    if (!output->per_row)
        npy_elements(writer->file[i].file, output, writer->array[i], elements_of(output));
    if (fseek(writer->file[i].file, 0, SEEK_SET) == 0)
        npy_header(writer->file[i].file, output, writer->file[i].rows);
}

static bool close_file(struct lt_output_file *of, bool whole, struct lt_fault *fault)
{
    bool good = whole && of->file && !ferror(of->file);
    if (of->file)
        good = fclose(of->file) == 0 && good;
    if (good && rename(of->partial, of->path) != 0)
        good = false;
    if (!good && whole)
        lt_fail(fault, "%s: cannot be written: %s", of->path, strerror(errno));
    if (!good && of->partial)
        unlink(of->partial);
    free(of->path);
    free(of->partial);
    return good;
}

bool lt_output_close(struct lt_output_writer *writer, bool whole, struct lt_fault *fault)
{
    bool good = whole;
    for (int i = 0; i < writer->file_count; i++) {
        if (whole && !writer->csv)
            complete_npy(writer, i);
        good = close_file(&writer->file[i], whole, fault) && good;
    }
    for (int i = 0; writer->array && i < writer->program->output_count; i++)
        free(writer->array[i]);
    free(writer->array);
    free(writer->file);
    *writer = (struct lt_output_writer){.csv = false};
    return good;
}
