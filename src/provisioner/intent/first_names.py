"""First names that are common in the Netherlands: where one stands in a description, a person is likely to be meant.

Put together for this project from general knowledge, without claim to be complete: it finds a slip, and no list finds every person. Left
out are names that are words, months, places or brands as well (Max, Mark, Roos, Floor, Ton), and those of two letters.
"""

from __future__ import annotations

from typing import Final

_NAMES: Final = """
aad abdel abdullah achmed adriaan ahmed alexander ali amina anita anja anke anna anne annelies annemarie annemiek annette anouk
ans anton antonie arie arjan arjen arnold astrid ayse aziz bart bas bastiaan berend bernard bert bianca bjorn bob bram brenda
carla carlijn carolien caroline casper cees chantal charlotte chris christiaan christina coen colette cor cornelis corrie daan
daniel danielle david debbie demi denise dennis desiree diana dick diederik dirk dorien edwin eline elisabeth elise ellen els
elsbeth emine emma eric erik erwin esmee esther eva evelien eveline evert fabian fadoua fatih fatima fatma femke fenna ferdinand
fleur floris francien francisca frank frans fred frederik gea geert gerard gerben gerda gerrie gerrit gert gertjan gijs gina guus
hamza hanna hannah hanneke hannie hans harrie harry hassan heidi hein helen helena hendrik hendrika henk hennie henny henri herman
hetty hilde huub ibrahim ilse inge ingeborg ingrid irene irma ivo jaap jacco jacob jacqueline jaimy jan janine janneke jannes
jantine jasmijn jasper jeffrey jelle jenny jeroen jesse jessica joan jochem johan johanna johannes john joke jolanda jolanthe joop
joost joris jos jose joyce judith julia julian jurgen jurre karel karim karin kees khadija kim klaas koen krista laila lars laura
laurens lena leo leon leonie liam lianne lieke liesbeth lina linda lisa lisanne loes lotte louis louise lucas luuk maaike maarten
machiel mandy manon marcel margot margriet maria marian marianne marieke marije marijke marike marina marinus marjan marjolein
marleen marlies marloes martijn martin martine mathijs matthijs maud maurice mehmet melanie melissa menno michael michel michelle
mieke mike milan miriam mohamed mohammed monique mourad murat mustafa nadia naomi natasja nathalie nel nelleke nicole niek niels
nienke nina noah olaf omar oscar otto patricia patrick paul peter petra piet pieter pim quinten rachid ralf ralph ramon rashid
raymond rebecca reinier remco renate rene richard rick riet rik rinus robbert robert robin roel roeland roelof rogier roland
ronald rosa rosalie rosanne ruben rudolf ruth ruud saar sander sandra sanne sara sarah saskia sebastiaan sem sharon sietske sigrid
silvia simon sjaak sjoerd sonja sophie stefan steven stijn susanne suzanne sven sylvia tamara tanja tessa theo theun thijs thomas
tijmen tim timo tineke tjeerd tom tonny trudy truus ursula valerie vera victor vincent wendy wessel wiebe wijnand willem willemijn
wilma wim wouter yara yasmin youssef yusuf yvette yvonne zeynep
"""

FIRST_NAMES: Final = frozenset(_NAMES.split())
"""In lower case."""
