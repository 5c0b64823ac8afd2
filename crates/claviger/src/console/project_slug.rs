//! What a platform calls a project, as it is typed into a form.

use claviger_access::identity::ProjectSlug;

/// What was typed, without the blanks around it; nothing where it is empty. Else what to do.
pub(super) fn read(typed: &str) -> Result<Option<ProjectSlug>, String> {
    match typed.trim() {
        "" => Ok(None),
        typed => ProjectSlug::parse(typed).map(Some).map_err(|error| format!("The slug {error}.")),
    }
}

/// What to do where another project has it. Which one, is told to nobody: it may be another organization's.
pub(super) fn taken(slug: &ProjectSlug) -> String {
    format!("The slug {slug} is taken. Choose another.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_field_is_no_slug_and_a_mistake_says_what_to_do() {
        let read = |typed: &str| read(typed).map(|slug| slug.map(|slug| taken(&slug)));
        assert_eq!((read(""), read("  ")), (Ok(None), Ok(None)));
        assert_eq!(read(" web-shop "), Ok(Some("The slug web-shop is taken. Choose another.".to_owned())));
        assert_eq!(read("17"), Err("The slug is a number, as ids are; put a letter into it.".to_owned()));
        assert!(read("Web shop").is_err() && read("web shop").is_err());
    }
}
