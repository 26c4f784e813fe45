//! The operations as a spreadsheet: amounts and days are numbers that can be counted with, and every text is only text.

use super::export::List;
use super::totals::{Sum, by_day, by_staff, by_till};
use crate::problem::Problem;
use rust_xlsxwriter::{ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};

/// Excel shows the separators of whoever opens it: 1.234,50 € in Italy.
const EURO: &str = "#,##0.00\\ \"€\"";
const DAY: &str = "dd/mm/yyyy";
const TIME: &str = "hh:mm:ss";

/// The columns and how many characters wide they are.
const COLUMNS: [(&str, f64); 9] = [
    ("day", 12.0),
    ("time", 10.0),
    ("kind", 16.0),
    ("amount", 14.0),
    ("reversed", 14.0),
    ("till", 20.0),
    ("receipt", 14.0),
    ("operation", 38.0),
    ("staff", 20.0),
];

struct Formats {
    head: Format,
    euro: Format,
    day: Format,
    time: Format,
    total: Format,
}

impl Formats {
    fn new() -> Self {
        let format = |number| Format::new().set_num_format(number);
        Self {
            head: Format::new().set_bold().set_align(FormatAlign::Left),
            euro: format(EURO),
            day: format(DAY),
            time: format(TIME),
            total: format(EURO).set_bold(),
        }
    }
}

/// All operations of the list, and the sums on a second sheet.
pub(super) fn file(list: &List<'_>) -> Result<Vec<u8>, Problem> {
    write(list).map_err(|error| {
        tracing::error!(%error, "a spreadsheet cannot be written");
        Problem::new("internal_error")
    })
}

fn write(list: &List<'_>) -> Result<Vec<u8>, XlsxError> {
    let (mut book, formats) = (Workbook::new(), Formats::new());
    let operations = book.add_worksheet();
    operations.set_name(list.head("operations"))?;
    every_operation(operations, list, &formats)?;
    let totals = book.add_worksheet();
    totals.set_name(list.head("totals"))?;
    sums(totals, list, &formats)?;
    book.save_to_buffer()
}

#[allow(clippy::cast_precision_loss, reason = "exact up to ninety million million euro")]
fn euro(cents: i64) -> f64 {
    cents as f64 / 100.0
}

fn every_operation(sheet: &mut Worksheet, list: &List<'_>, formats: &Formats) -> Result<(), XlsxError> {
    for (column, (name, width)) in (0..).zip(COLUMNS) {
        sheet.write_string_with_format(0, column, list.head(name), &formats.head)?;
        sheet.set_column_width(column, width)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (line, taken) in (1..).zip(&list.rows) {
        let row = &taken.operation;
        let at = List::at(row);
        let (hour, minute, second) =
            (at.hour().cast_unsigned(), at.minute().cast_unsigned(), at.second().cast_unsigned());
        let day =
            ExcelDateTime::from_ymd(at.year().cast_unsigned(), at.month().cast_unsigned(), at.day().cast_unsigned())?;
        let time = ExcelDateTime::from_hms(hour.into(), minute, f64::from(second))?;
        sheet.write_datetime_with_format(line, 0, day, &formats.day)?;
        sheet.write_datetime_with_format(line, 1, time, &formats.time)?;
        sheet.write_string(line, 2, list.kind(row))?;
        sheet.write_number_with_format(line, 3, euro(List::owed(row)), &formats.euro)?;
        sheet.write_number_with_format(line, 4, euro(row.reversed_cents), &formats.euro)?;
        // a string is never taken for a formula, whatever it begins with
        sheet.write_string(line, 5, list.till(row.terminal_id))?;
        sheet.write_string(line, 6, List::receipt(row))?;
        sheet.write_string(line, 7, row.id.to_string())?;
        sheet.write_string(line, 8, list.staff(taken.staff_id))?;
    }
    Ok(())
}

fn sums(sheet: &mut Worksheet, list: &List<'_>, formats: &Formats) -> Result<(), XlsxError> {
    sheet.set_column_width(0, 24.0)?.set_column_width(1, 12.0)?.set_column_width(2, 16.0)?;
    let mut line = 0;
    if let Some(only) = &list.only {
        sheet.write_string_with_format(line, 0, only, &formats.head)?;
        line += 2;
    }
    let head = |sheet: &mut Worksheet, line: u32, of: &str| -> Result<(), XlsxError> {
        for (column, name) in (0..).zip([of, "count", "amount"]) {
            sheet.write_string_with_format(line, column, list.head(name), &formats.head)?;
        }
        Ok(())
    };
    head(sheet, line, "day")?;
    for (day, sum) in by_day(&list.hours) {
        line += 1;
        let [year, month, day] = [day.year(), day.month().into(), day.day().into()].map(i16::cast_unsigned);
        let day = ExcelDateTime::from_ymd(year, u8::try_from(month).unwrap_or(1), u8::try_from(day).unwrap_or(1))?;
        sheet.write_datetime_with_format(line, 0, day, &formats.day)?;
        sheet.write_number(line, 1, sum.count as f64)?;
        sheet.write_number_with_format(line, 2, euro(sum.cents), &formats.euro)?;
    }
    let mut part = |sheet: &mut Worksheet, of: &str, sums: Vec<(&str, Sum)>| -> Result<(), XlsxError> {
        line += 2;
        head(sheet, line, of)?;
        for (name, sum) in sums {
            line += 1;
            sheet.write_string(line, 0, name)?;
            sheet.write_number(line, 1, sum.count as f64)?;
            sheet.write_number_with_format(line, 2, euro(sum.cents), &formats.euro)?;
        }
        Ok(())
    };
    part(sheet, "till", by_till(&list.hours).into_iter().map(|(till, sum)| (list.till(till), sum)).collect())?;
    if list.names_staff() {
        part(sheet, "staff", by_staff(&list.hours).into_iter().map(|(id, sum)| (list.staff(id), sum)).collect())?;
    }
    let all: i64 = by_day(&list.hours).values().map(|sum| sum.cents).sum();
    sheet.write_string_with_format(line + 2, 0, list.head("total"), &formats.head)?;
    sheet.write_number_with_format(line + 2, 2, euro(all), &formats.total)?;
    Ok(())
}
