//! Every text that a client may read, in every language. Data only: a new language is a new table
//! here and a new [`Language`].
//!
//! No text names a table, a column, a schema or a command, and none can: they are all written here.

use gate::PathError;

use super::language::Language;
use super::occasion::Occasion;

/// The words of one language.
#[derive(Debug)]
pub(super) struct Words {
    updating: Said,
    maintenance: Said,
    not_found: Said,
    malformed: Said,
    late_header: Said,
    large_header: Said,
    long_target: Said,
    large_body: Said,
    expectation: Said,
    unreachable: Said,
    too_slow: Said,
    /// When to come back, around the time.
    when: (&'static str, &'static str),
    second: Noun,
    minute: Noun,
    hour: Noun,
    /// What is wrong with a path.
    paths: [(PathError, &'static str); 8],
    /// The link to the same page.
    pub(super) again: &'static str,
    /// The link to the start page.
    pub(super) start: &'static str,
    /// Said of a page that reloads itself.
    pub(super) reloads: &'static str,
    /// Before the contact.
    pub(super) help: &'static str,
    /// Before the request's id.
    pub(super) reference: &'static str,
}

/// What is said on one occasion.
#[derive(Debug)]
pub(super) struct Said {
    /// The status in words, as `title` of RFC 9457.
    pub(super) phrase: &'static str,
    /// The page's heading.
    pub(super) title: &'static str,
    /// What happened.
    pub(super) message: &'static str,
    /// What became of a form that was sent; not said where nothing was lost.
    pub(super) sent: Option<&'static str>,
}

/// A noun for one, and for more.
#[derive(Debug)]
struct Noun(&'static str, &'static str);

impl Words {
    /// The words of a language.
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &ENGLISH,
            Language::Fr => &FRENCH,
        }
    }

    /// What is said on an occasion.
    pub(super) const fn said(&self, on: Occasion) -> &Said {
        match on {
            Occasion::Updating => &self.updating,
            Occasion::Maintenance => &self.maintenance,
            Occasion::NotFound => &self.not_found,
            Occasion::Malformed => &self.malformed,
            Occasion::LateHeader => &self.late_header,
            Occasion::LargeHeader => &self.large_header,
            Occasion::LongTarget => &self.long_target,
            Occasion::LargeBody => &self.large_body,
            Occasion::Expectation => &self.expectation,
            Occasion::Unreachable => &self.unreachable,
            Occasion::TooSlow => &self.too_slow,
        }
    }

    /// When to come back, as a sentence; it names the largest unit that is not vague.
    pub(super) fn when(&self, seconds: u64) -> String {
        let (number, noun) = match seconds {
            0..90 => (seconds, &self.second),
            90..5400 => (seconds.div_ceil(60), &self.minute),
            _ => (seconds.div_ceil(3600), &self.hour),
        };
        let noun = if number == 1 { noun.0 } else { noun.1 };
        let (before, after) = self.when;
        format!("{before}{number}\u{a0}{noun}{after}")
    }

    /// What is wrong with a path.
    pub(super) fn path(&self, error: PathError) -> &'static str {
        self.paths.iter().find(|(known, _)| *known == error).map_or(error.as_str(), |(_, words)| words)
    }
}

static ENGLISH: Words = Words {
    updating: Said {
        phrase: "Service Unavailable",
        title: "We’ll be right back",
        message: "We are updating this part of the service. It will be back shortly.",
        sent: Some("What you sent has not been saved. Please go back and send it again a little later."),
    },
    maintenance: Said {
        phrase: "Service Unavailable",
        title: "Maintenance in progress",
        message: "We are carrying out maintenance. This part of the service will be back as soon as it is done.",
        sent: Some("What you sent has not been saved. Please go back and send it again a little later."),
    },
    not_found: Said {
        phrase: "Not Found",
        title: "Page not found",
        message: "There is nothing at this address. The link may be incomplete, or the page may have moved.",
        sent: None,
    },
    malformed: Said {
        phrase: "Bad Request",
        title: "We could not read this request",
        message: "The address, or something that was sent along with it, has a mistake in it.",
        sent: None,
    },
    late_header: Said {
        phrase: "Request Timeout",
        title: "This request took too long to arrive",
        message: "The connection is slow, or was interrupted.",
        sent: None,
    },
    large_header: Said {
        phrase: "Request Header Fields Too Large",
        title: "This request is too large",
        message: "Your browser sent too much along with it. Deleting the cookies of this site usually helps.",
        sent: None,
    },
    long_target: Said {
        phrase: "URI Too Long",
        title: "This address is too long",
        message: "The link may have been put together wrongly.",
        sent: None,
    },
    large_body: Said {
        phrase: "Content Too Large",
        title: "This is too large to be sent",
        message: "A smaller file will do, perhaps.",
        sent: None,
    },
    expectation: Said {
        phrase: "Expectation Failed",
        title: "This request expects too much",
        message: "It asks for something that this service does not do.",
        sent: None,
    },
    unreachable: Said {
        phrase: "Bad Gateway",
        title: "This page can’t be reached right now",
        message: "The service behind it is not answering. The problem is on our side, not with your connection.",
        sent: Some("We can’t tell whether what you sent has arrived. Please check before you send it again."),
    },
    too_slow: Said {
        phrase: "Gateway Timeout",
        title: "This is taking too long",
        message: "The service behind this page did not answer in time. The problem is on our side, not with your connection.",
        sent: Some("We can’t tell whether what you sent has arrived. Please check before you send it again."),
    },
    when: ("Please try again in about ", "."),
    second: Noun("second", "seconds"),
    minute: Noun("minute", "minutes"),
    hour: Noun("hour", "hours"),
    paths: [
        (PathError::NotAbsolute, "The path does not begin with a slash."),
        (PathError::BrokenEscape, "The path has a percent sign without two hexadecimal digits."),
        (PathError::Control, "The path has a control character."),
        (PathError::EncodedNul, "The path has an encoded NUL."),
        (PathError::Backslash, "The path has a backslash."),
        (PathError::EncodedSlash, "The path has an encoded slash."),
        (PathError::Fragment, "The path has a raw # character."),
        (PathError::Overlong, "The path has a character that is encoded in more bytes than it needs."),
    ],
    again: "Try again",
    start: "Go to the start page",
    reloads: "This page will try again by itself.",
    help: "Need help?",
    reference: "Reference:",
};

static FRENCH: Words = Words {
    updating: Said {
        phrase: "Service indisponible",
        title: "Nous revenons tout de suite",
        message: "Nous mettons à jour cette partie du service. Elle sera bientôt de retour.",
        sent: Some("Votre envoi n’a pas été enregistré. Revenez en arrière et renvoyez-le un peu plus tard."),
    },
    maintenance: Said {
        phrase: "Service indisponible",
        title: "Maintenance en cours",
        message: "Une maintenance est en cours. Cette partie du service sera de retour dès qu’elle sera terminée.",
        sent: Some("Votre envoi n’a pas été enregistré. Revenez en arrière et renvoyez-le un peu plus tard."),
    },
    not_found: Said {
        phrase: "Introuvable",
        title: "Page introuvable",
        message: "Il n’y a rien à cette adresse. Le lien est peut-être incomplet, ou la page a été déplacée.",
        sent: None,
    },
    malformed: Said {
        phrase: "Requête incorrecte",
        title: "Nous n’avons pas pu lire cette requête",
        message: "L’adresse, ou ce qui a été envoyé avec elle, contient une erreur.",
        sent: None,
    },
    late_header: Said {
        phrase: "Délai de requête dépassé",
        title: "Cette requête a mis trop de temps à arriver",
        message: "La connexion est lente, ou a été interrompue.",
        sent: None,
    },
    large_header: Said {
        phrase: "En-têtes de requête trop volumineux",
        title: "Cette requête est trop volumineuse",
        message: "Votre navigateur a envoyé trop de choses avec elle. Supprimer les cookies de ce site aide le plus souvent.",
        sent: None,
    },
    long_target: Said {
        phrase: "Adresse trop longue",
        title: "Cette adresse est trop longue",
        message: "Le lien a peut-être été mal composé.",
        sent: None,
    },
    large_body: Said {
        phrase: "Contenu trop volumineux",
        title: "Cet envoi est trop volumineux",
        message: "Un fichier plus petit passera peut-être.",
        sent: None,
    },
    expectation: Said {
        phrase: "Attente non satisfaite",
        title: "Cette requête attend trop",
        message: "Elle demande quelque chose que ce service ne fait pas.",
        sent: None,
    },
    unreachable: Said {
        phrase: "Mauvaise passerelle",
        title: "Cette page est injoignable pour l’instant",
        message: "Le service qui la fournit ne répond pas. Le problème vient de chez nous, pas de votre connexion.",
        sent: Some("Nous ne savons pas si votre envoi est arrivé. Vérifiez avant de le renvoyer."),
    },
    too_slow: Said {
        phrase: "Délai de passerelle dépassé",
        title: "La réponse se fait trop attendre",
        message: "Le service derrière cette page n’a pas répondu à temps. Le problème vient de chez nous, pas de votre connexion.",
        sent: Some("Nous ne savons pas si votre envoi est arrivé. Vérifiez avant de le renvoyer."),
    },
    when: ("Veuillez réessayer dans environ ", "."),
    second: Noun("seconde", "secondes"),
    minute: Noun("minute", "minutes"),
    hour: Noun("heure", "heures"),
    paths: [
        (PathError::NotAbsolute, "Le chemin ne commence pas par une barre oblique."),
        (PathError::BrokenEscape, "Le chemin contient un signe pour cent sans deux chiffres hexadécimaux."),
        (PathError::Control, "Le chemin contient un caractère de contrôle."),
        (PathError::EncodedNul, "Le chemin contient un caractère NUL encodé."),
        (PathError::Backslash, "Le chemin contient une barre oblique inverse."),
        (PathError::EncodedSlash, "Le chemin contient une barre oblique encodée."),
        (PathError::Fragment, "Le chemin contient un caractère # brut."),
        (PathError::Overlong, "Le chemin contient un caractère encodé sur plus d’octets qu’il n’en faut."),
    ],
    again: "Réessayer",
    start: "Page d’accueil",
    reloads: "Cette page se rechargera d’elle-même.",
    help: "Besoin d’aide\u{a0}?",
    reference: "Référence\u{a0}:",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_the_unit_that_people_would_say() {
        let table = [
            (1, "1\u{a0}second."),
            (30, "30\u{a0}seconds."),
            (89, "89\u{a0}seconds."),
            (90, "2\u{a0}minutes."),
            (600, "10\u{a0}minutes."),
            (5400, "2\u{a0}hours."),
            (86_400, "24\u{a0}hours."),
        ];
        for (seconds, end) in table {
            let sentence = ENGLISH.when(seconds);
            assert!(sentence.ends_with(&format!("about {end}")), "{seconds}: {sentence}");
        }
        assert_eq!(FRENCH.when(1), "Veuillez réessayer dans environ 1\u{a0}seconde.");
        assert_eq!(FRENCH.when(120), "Veuillez réessayer dans environ 2\u{a0}minutes.");
    }

    #[test]
    fn every_error_of_a_path_has_words_in_every_language() {
        for language in Language::ALL {
            let words = Words::of(language);
            for (error, sentence) in words.paths {
                assert_eq!(words.path(error), sentence);
                assert!(words.paths.iter().filter(|(known, _)| *known == error).count() == 1, "{error:?} twice");
            }
        }
    }
}
