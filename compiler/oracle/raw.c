#include "raw.h"

static double raw_number(DType type, const void *raw, int64_t i)
{
    switch (type) {
    case DT_F64: return ((const double *)raw)[i];
    case DT_F32: return (double)((const float *)raw)[i];
    case DT_I32: return ((const int32_t *)raw)[i];
    case DT_I16: return ((const int16_t *)raw)[i];
    case DT_I8: return ((const int8_t *)raw)[i];
    case DT_U8: case DT_BOOL: return ((const uint8_t *)raw)[i];
    default: bug("a raw field of %s", dtype_name(type));
    }
}

Value raw_value(const RawField *field, const void *raw)
{
    Value value = value_new(field->dtype, &field->shape, 1);
    for (int64_t i = 0; i < value.count; i++)
        if (field->dtype == DT_I64)
            value.cell[i].i = ((const int64_t *)raw)[i];
        else
            value_set(&value, i, raw_number(field->dtype, raw, i));
    return value;
}
