//! Time zones with a number each, as older clients name them.
//!
//! The numbers are places in the list, so they hold for one version of the time zone database: clients look a zone's
//! number up and use it at once.

use axum::Json;
use claviger_access::text::TimezoneName;
use claviger_wire::envelope::Success;
use claviger_wire::older as wire;

use crate::api::caller::Identified;
use crate::api::failure::Failure;
use crate::api::reference::Refusals;

/// List the time zones, each with a number
#[utoipa::path(get, operation_id = "list_timezones", path = "/api/app/timezones", tag = "older paths",
    responses((status = 200, body = Success<Vec<wire::Timezone>>), Refusals))]
pub(in crate::api) async fn list(_: Identified) -> Json<Success<Vec<wire::Timezone>>> {
    let zones = TimezoneName::all().map(|zone| zone.as_str().to_owned());
    Json(Success::new((1..).zip(zones).map(|(number, name)| wire::Timezone(number, name)).collect()))
}

/// The zone of a number.
pub(super) fn numbered(number: u64) -> Result<TimezoneName, Failure> {
    let place = number.checked_sub(1).and_then(|place| usize::try_from(place).ok());
    place.and_then(|place| TimezoneName::all().nth(place)).ok_or_else(|| {
        let sentence = "there is no time zone of that number; GET /api/app/timezones lists them";
        Failure::bad_request("timezone_invalid", sentence)
    })
}
